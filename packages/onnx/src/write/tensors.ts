import type { InferenceGraph } from "@seg/layers/inference-graph";
import type { GraphWriter } from "./graph-writer.ts";

/** The order of an image's axes in memory: channels last, as in TensorFlow, or first, as in ONNX. */
export type Layout = "nhwc" | "nchw";

/** The tensors of an inference graph as those of an ONNX graph, images in either layout; transposed where one is wanted that is not there. */
export class Tensors {
  readonly #names = new Map<number, Partial<Record<Layout, string>>>();
  readonly #writer: GraphWriter;
  readonly #graph: InferenceGraph;

  constructor(writer: GraphWriter, graph: InferenceGraph) {
    this.#writer = writer;
    this.#graph = graph;
  }

  /** Whether it has the four axes of images. */
  isImage(id: number): boolean {
    return this.shape(id).length === 4;
  }

  /** Axes as of channels last. */
  shape(id: number): readonly (number | null)[] {
    return this.#graph.shapes.get(id)!;
  }

  set(id: number, name: string, layout: Layout): void {
    this.#names.set(id, { [layout]: name });
  }

  /** An image with channels first. */
  first(id: number): string {
    return this.#as(id, "nchw", [0, 3, 1, 2]);
  }

  /** An image with channels last, or another tensor as it is. */
  last(id: number): string {
    return this.#as(id, "nhwc", [0, 2, 3, 1]);
  }

  #as(id: number, layout: Layout, perm: number[]): string {
    const names = this.#names.get(id)!;
    names[layout] ??= this.#writer.add("Transpose", [names.nhwc ?? names.nchw!], { perm });
    return names[layout];
  }
}
