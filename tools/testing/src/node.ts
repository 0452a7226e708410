export { childrenOf, FROM_SOURCE, forkFromSource, loadWithoutTensorFlow } from "./child-processes.ts";
export { type Answer, fileServer, loginPage, serve, status } from "./file-server.ts";
export { fullDisk } from "./full-disk.ts";
export { loopingModel } from "./looping-model.ts";
export { temporaryFolder } from "./temporary-folder.ts";
export { PAIR, sizeOf, type TinyDataset, tinyDataset, tinySettings, trainWords, writeLabel } from "./tiny-dataset.ts";
export { tinyWeights } from "./tiny-weights.ts";
export { madeUpAde20k, zipOf } from "./zip.ts";
