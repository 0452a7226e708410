/** The two halves of a model, in the order in which they are looked for. */
export const HALVES = ["encoder", "decoder"] as const satisfies readonly Half[];

/** A network of the two. */
export type Half = "encoder" | "decoder";

/**
 * The names under which half a checkpoint may lie: as it is called (`epoch_20.pth`), or the same in today's PyTorch
 * format or as safetensors.
 */
export function candidateNames(half: Half, checkpoint: string): string[] {
  const stem = checkpoint.replace(/(\.zip)?\.pth$|\.safetensors$/, "");
  const names = [checkpoint, `${stem}.pth`, `${stem}.zip.pth`, `${stem}.safetensors`];
  return [...new Set(names)].map((name) => `${half}_${name}`);
}
