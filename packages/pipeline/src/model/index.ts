export { NETWORK_PROOF, networkProof } from "./engine-proof.ts";
export { loadNetwork } from "./load.ts";
export { buildSegmentationModel, halvesOf, type SegmentationModelOptions } from "./segmentation-model.ts";
