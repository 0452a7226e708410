import { type ByteFile, bytesAt } from "./byte-source.ts";
import { latin1, u16 } from "./bytes.ts";
import { CheckpointError, quote } from "./errors.ts";

/** The kinds of file that are read: PyTorch's format of 2018, its zip format of today, and safetensors. */
export type CheckpointFormat = "pth-legacy" | "pth-zip" | "safetensors";

/**
 * Detects a checkpoint's format by its magic bytes.
 *
 * @throws {CheckpointError} `html`, `lfs-pointer`, `truncated` or `unsupported`, naming what the file is instead.
 */
export async function detectFormat(file: ByteFile): Promise<CheckpointFormat> {
  const head = await bytesAt(file, 0, Math.min(file.size, 512));
  if (head.length === 0) throw new CheckpointError("truncated", "the file is empty: get it anew");

  const text = latin1(head);
  if (text.startsWith("PK\x03\x04")) return "pth-zip";
  // A pickle of protocol 2 or later; one that begins by naming a function, or with torch.save's number as protocols 0 and 1 write it.
  if (head[0] === 0x80 || /^(c[\w.]+\n[\w.]+\n|L\d+L\n\.)/.test(text)) return "pth-legacy";
  if (head.length > 8 && text[8] === "{" && u16(head, 6) === 0) return "safetensors";

  if (/^(\u00ef\u00bb\u00bf)?\s*<(!doctype|!--|html|head|body|\?xml|script|meta|title)/i.test(text)) {
    throw new CheckpointError(
      "html",
      "it is a web page (HTML), as sign-in pages of networks and download pages are: download the file itself again",
    );
  }
  if (text.startsWith("version https://git-lfs")) {
    throw new CheckpointError("lfs-pointer", "it is a git-lfs pointer, not the file itself: run git lfs pull");
  }
  if (text.slice(257, 262) === "ustar") {
    throw new CheckpointError("unsupported", "it is a tar file, as PyTorch saved before 2017: save it again in Python");
  }
  throw new CheckpointError(
    "unsupported",
    `expected a .pth file or safetensors, but it begins with ${quote(text.slice(0, 12))}: check which file this is`,
  );
}
