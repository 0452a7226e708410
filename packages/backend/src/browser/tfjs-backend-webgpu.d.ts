/** An optional peer, imported for what it registers: its own types want those of WebGPU, which few have. */
declare module "@tensorflow/tfjs-backend-webgpu" {}
