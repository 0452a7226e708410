import { readFileSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";

let boot: string | undefined;

/**
 * Tells this run of the machine from every other one and from other machines; empty where the system does not say (not Linux).
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { bootId } from "@seg/node";
 *
 * const system = process.platform === "linux" ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() : "";
 * console.log(bootId() === system); // true
 * ```
 */
export function bootId(): string {
  boot ??= readBootId();
  return boot;
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** The inode of the time namespace, whose processes' start times can be compared; 0 where there is none. */
export function timeNamespace(): number {
  try {
    return statSync("/proc/self/ns/time").ino;
  } catch {
    return 0;
  }
}

/**
 * Linux's file systems that one machine at a time has: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, ramfs, overlays.
 *
 * @see statfs(2).
 */
const LOCAL: ReadonlySet<number> = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e],
  ...[0x01021994, 0x858458f6, 0x794c7630],
]);

/** Whether no other machine can have this folder; false where that is not known. */
export async function isOnLocalDisk(folder: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const disk = await statfs(folder).catch(() => undefined);
  return disk !== undefined && LOCAL.has(disk.type);
}
