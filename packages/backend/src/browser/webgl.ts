import * as tf from "@tensorflow/tfjs";
import { activate } from "../activate.ts";
import { type Engine, unavailable } from "../engine.ts";
import { deviceName } from "./page.ts";

/** The parts of WebGL that are used here. */
interface Gl {
  isContextLost(): boolean;
  readonly canvas: { addEventListener(type: "webglcontextlost", listener: () => void): void };
  getExtension(name: "WEBGL_debug_renderer_info"): { UNMASKED_RENDERER_WEBGL: number } | null;
  getParameter(name: number): unknown;
  readonly RENDERER: number;
}

/** TF.js's WebGL engine, part of `@tensorflow/tfjs` itself. */
export async function loadWebgl(): Promise<Engine<"webgl">> {
  if (!tf.env().getNumber("WEBGL_VERSION"))
    throw unavailable("there is no WebGL here, or the browser has it off for this GPU");
  await activate("webgl", "webgl");
  const { gl } = (tf.backend() as unknown as { gpgpu: { gl: Gl } }).gpgpu;
  // Without it a page whose GPU was taken away computes zeros.
  const lost = new Promise<string>((resolve) => {
    gl.canvas.addEventListener("webglcontextlost", () => resolve("the device was lost"));
  });
  await activate("webgl", "webgl", { lost, failure: () => (gl.isContextLost() ? "the device was lost" : undefined) });
  if (!tf.env().getBool("WEBGL_RENDER_FLOAT32_CAPABLE"))
    throw unavailable("its GPU computes in half precision, too coarse for networks");
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL;
  return {
    name: "webgl",
    package: "@tensorflow/tfjs-backend-webgl",
    version: tf.version["tfjs-backend-webgl"],
    device: deviceName(String(gl.getParameter(unmasked ?? gl.RENDERER))),
    threads: 1,
  };
}
