import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Mounts a disk of so many kilobytes; gives its folder, and what takes it away. */
export type MountDisk = (kilobytes: number) => [folder: string, unmount: () => void];

/** Mounts small disks (tmpfs); undefined where this user may not. */
export function fullDisk(): MountDisk | undefined {
  const mount: MountDisk = (kilobytes) => {
    const folder = mkdtempSync(join(tmpdir(), "seg-disk-"));
    const unmount = () => {
      spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    };
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "seg-disk", folder]);
    if (status === 0) return [folder, unmount];
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`A tmpfs of ${kilobytes} kB cannot be mounted.`);
  };
  try {
    mount(4)[1]();
    return mount;
  } catch {
    return undefined;
  }
}
