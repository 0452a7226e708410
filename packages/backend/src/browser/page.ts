/** The parts of a page's, or its worker's, global scope that are used here: TypeScript's own types of them would leak into what runs on Node. */
interface Page {
  navigator?: { gpu?: Gpu; hardwareConcurrency?: number };
  crossOriginIsolated?: boolean;
}

/** WebGPU's entry. */
export interface Gpu {
  requestAdapter(options?: { powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  info?: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
}

/** This page. */
export const page = globalThis as Page;

/** The processor's cores, which is all that a browser says of it. */
export function cpuName(): string {
  const cores = page.navigator?.hardwareConcurrency;
  return cores ? `CPU (${cores} cores)` : "CPU";
}

/** What drivers that compute on the processor call themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

/** A GPU's name, marked where it is none. */
export const deviceName = (name: string, isSoftware = SOFTWARE.test(name)): string =>
  isSoftware ? `${name}${SOFTWARE_MARK}` : name;

/** Whether a device is a processor that does as if it were a GPU. */
export const isSoftware = (device: string): boolean => device.endsWith(SOFTWARE_MARK);

const SOFTWARE_MARK = " (software)";
