/** What a training script keeps beside the network: losses, averages and other copies of it, optimizers and their counters. */
const BESIDE = new RegExp(
  `^(${[
    "crit|criterion|losses|loss\\w*|\\w*_loss|metrics?|\\w*_metrics?",
    "ema\\w*|\\w*_ema|swa\\w*|\\w*_swa|n_averaged|ema_n_averaged|teacher\\w*|\\w*_teacher",
    // The slow copies of contrastive training.
    "encoder_k|key_encoder|momentum\\w*|target_encoder|target_network",
    "optim|optims|optimizers?|optimizer_\\w+|\\w+_optimizer|opt_state|optim\\w*_state\\w*|exp_avg\\w*|grads?",
    "(lr_)?schedulers?|(lr_)?scheduler_\\w+|(grad_)?scaler|rng_states?",
  ].join("|")})$`,
);

/** Whether this part of a name, between its dots, is of what a training script keeps beside the network. */
export const isBeside = (part: string): boolean => BESIDE.test(part);

/** Whether the name begins with such a part. */
export const beginsBeside = (name: string): boolean => isBeside(name.split(".", 1)[0]!);
