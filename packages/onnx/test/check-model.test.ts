import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it, onTestFinished } from "vitest";
import { OnnxError, onnxInference } from "../src/index.ts";
import { checkModel } from "../src/inference/check-model.ts";
import { type GraphProto, GraphProtoSchema, ModelProtoSchema } from "../src/proto/onnx_pb.ts";

const check = (bytes: Uint8Array) =>
  checkModel("a.onnx", (position, length) => bytes.subarray(position, position + length), bytes.length);

const chain = (count: number) => Array.from({ length: count }, (_, i) => ({ opType: "Relu", input: [`a${i}`] }));

const modelOf = (node: object[], functions: object[] = []) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { graph: { node, initializer: [{ rawData: new Uint8Array(9000) }] }, functions }),
  );

/** Functions each of which calls the one before `calls` times. */
const doubling = (levels: number, calls: number) =>
  Array.from({ length: levels }, (_, i) => ({
    domain: "f",
    name: `f${i}`,
    node: Array.from({ length: calls }, () => (i === 0 ? { opType: "Relu" } : { opType: `f${i - 1}`, domain: "f" })),
  }));

const call = (name: string) => [{ opType: name, domain: "f" }];

const TOO_LARGE =
  "Expected a.onnx to be a network of at most 5000 nodes but received more than 5000 (functions and branches count as often as they are run): simplify it, or take another.";

describe("An ONNX model's size", () => {
  it("is counted in nodes, of which there may be five thousand", () => {
    check(modelOf(chain(5000)));
    expect(() => check(modelOf(chain(5001)))).toThrow(TOO_LARGE);
  });

  it("is that of what its functions call, which may be exponential, or call itself", () => {
    // 1 + 2 + 4 + … + 2^10 calls, and 2^11 nodes.
    check(modelOf(call("f10"), doubling(11, 2)));
    expect(() => check(modelOf(call("f11"), doubling(12, 2)))).toThrow(TOO_LARGE);
    expect(() => check(modelOf(call("f40"), doubling(41, 2)))).toThrow(TOO_LARGE);
    expect(() => check(modelOf(call("f"), [{ domain: "f", name: "f", node: call("f") }]))).toThrow(TOO_LARGE);
    // A function of the same name in another domain is not the one that is called.
    check(modelOf([{ opType: "f11" }], doubling(12, 2)));
  });

  it("is that of its branches, which may be in each other", () => {
    const within = (levels: number) => {
      let graph: GraphProto = create(GraphProtoSchema, { node: chain(1) });
      for (let i = 0; i < levels; i++) {
        graph = create(GraphProtoSchema, { node: [{ opType: "If", attribute: [{ name: "then_branch", g: graph }] }] });
      }
      return modelOf(graph.node);
    };
    check(within(60));
    expect(() => check(within(70))).toThrow(TOO_LARGE);
    const wide = create(GraphProtoSchema, { node: chain(2500) });
    const both = [
      { name: "then_branch", g: wide },
      { name: "else_branch", g: wide },
    ];
    expect(() => check(modelOf([{ opType: "If", attribute: both }]))).toThrow(TOO_LARGE);
  });

  it("is nothing where there is no model, which the runtime tells", () => {
    let state = 1;
    const whole = modelOf(chain(20), doubling(3, 2));
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from(whole);
      for (let faults = 0; faults < 4; faults++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes[(state >>> 8) % bytes.length] = state & 255;
      }
      check(bytes.subarray(0, bytes.length - (state % 100)));
    }
  });
});

describe("A pipe, a folder and a device in place of a model", () => {
  it.skipIf(process.platform === "win32")("are refused at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "seg-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const [path, kind] of [
      [pipe, "pipe"],
      [folder, "folder"],
      ["/dev/zero", "device"],
    ] as const) {
      const refused = onnxInference(path);
      await expect(refused).rejects.toBeInstanceOf(OnnxError);
      await expect(refused).rejects.toThrow(`Expected ${path} to be an ONNX file but received a ${kind}.`);
    }
  });
});
