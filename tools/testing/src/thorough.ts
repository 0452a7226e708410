/**
 * Whether campaigns repeat on every engine what one of them has shown, and draw all of their random trials: `SEG_TEST_THOROUGH=1` asks for it.
 */
export const thorough = Boolean(process.env.SEG_TEST_THOROUGH);

/** Whether TensorFlow computes without oneDNN here, as the projects of `vitest.config.ts` ask that are called so. */
export const withoutOneDnn = process.env.TF_ENABLE_ONEDNN_OPTS === "0";
