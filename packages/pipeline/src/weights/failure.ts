/** An attempt to download that failed for good; `status` is the server's where it refused. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An attempt that failed in a way that another one may not, `after` some milliseconds. */
export class Passing extends Failure {
  constructor(
    message: string,
    status?: number,
    readonly after = 0,
    options?: ErrorOptions,
  ) {
    super(message, status, options);
  }
}

/** What came so far does not belong to the server's file. */
export class Stale extends Passing {}
