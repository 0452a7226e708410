import type { EngineProof } from "@seg/backend";
import { networkProof } from "@seg/segmenter/proof";

/** This module, for whoever runs its default export in another process. */
export const NETWORK_PROOF = new URL(import.meta.url);

const proof: EngineProof = networkProof({ training: true });

export default proof;
