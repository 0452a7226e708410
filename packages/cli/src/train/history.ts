/** What a training was like, as the original keeps it: one entry for each printed line. */
export interface History {
  train: {
    /** Epochs done, fractions included. */
    epoch: number[];
    /** Of that iteration alone. */
    loss: number[];
    /** Pixel accuracy of that iteration alone, in [0, 1]. */
    acc: number[];
  };
}

/** The history of a training that has not begun. */
export const emptyHistory = (): History => ({ train: { epoch: [], loss: [], acc: [] } });
