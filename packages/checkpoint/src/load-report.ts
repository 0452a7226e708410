/** The result of `loadWeights`, by PyTorch's names. */
export interface LoadReport {
  /** Loaded into the model. */
  readonly loaded: readonly string[];
  /** Missing keys: the model has them, the state dict does not. */
  readonly missing: readonly string[];
  /** Unexpected keys: the state dict has them, the model does not. */
  readonly unexpected: readonly string[];
  /** Shape mismatches: both have them, in different shapes. */
  readonly shapeMismatch: readonly ShapeMismatch[];
  /**
   * Not loaded on purpose: counters and buffers of batch norm, classifier heads that the model lacks, what lies beside the network, what
   * `ignore` names.
   */
  readonly ignored: readonly string[];
}

/** A tensor whose shape is not the model's; both in PyTorch's order of axes. */
export interface ShapeMismatch {
  readonly name: string;
  readonly expected: readonly number[];
  readonly received: readonly number[];
}
