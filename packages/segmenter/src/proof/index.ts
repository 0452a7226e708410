export { networkProof } from "./network-proof.ts";
export { caseOf, compare, forEachConvolution, type Shape, SIZE, type SmallConvolution } from "./small-convolutions.ts";
