import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

/** SwiftShader, a Vulkan driver that computes on the CPU, as Chromium's and Chrome's packages bring it. */
const DRIVERS = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
  "/usr/lib64/chromium-browser/vk_swiftshader_icd.json",
  "/opt/google/chrome/vk_swiftshader_icd.json",
];

/**
 * The environment in which WebGPU runs here without a GPU: it names SwiftShader to Vulkan's loader. Empty where there is an adapter
 * without it, where someone has chosen a driver, and where SwiftShader is not installed.
 */
export function softwareVulkan(): Record<string, string> {
  const driver = DRIVERS.find(existsSync);
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (!driver || VK_DRIVER_FILES || VK_ICD_FILENAMES || hasAdapter()) return {};
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver };
}

/** Asked in a process of its own: Dawn prints what drivers lack, and some crash. */
function hasAdapter(): boolean {
  try {
    const dawn = createRequire(import.meta.url).resolve("webgpu");
    const ask = `import { create } from ${JSON.stringify(dawn)}; process.exit((await create([]).requestAdapter()) ? 0 : 1);`;
    execFileSync(process.execPath, ["--input-type=module", "-e", ask], { stdio: "ignore", timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
