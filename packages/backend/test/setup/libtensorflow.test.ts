import { describe, expect, it } from "vitest";
import { cudaRequirements, pipArguments } from "../../src/setup/libtensorflow.ts";

describe("the CUDA wheels that TensorFlow's metadata asks for", () => {
  // Lines of tensorflow 2.21.0's METADATA.
  const metadata = `Metadata-Version: 2.1
Name: tensorflow
Requires-Dist: numpy>=1.26.0
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == 'and-cuda'
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32" and python_version < "3.13") and extra == "gcs-filesystem"
`;

  it("are those of its extra and-cuda, with their version ranges", () => {
    expect(cudaRequirements(metadata)).toEqual([
      "nvidia-cublas-cu12<13.0,>=12.5.3.2",
      "nvidia-cudnn-cu12<10.0,>=9.3.0.75",
    ]);
  });
});

describe("pip's arguments", () => {
  it("leave the choice of the wheel to a Python that TensorFlow has wheels for", () => {
    const args = pipArguments("3.11", "tensorflow-cpu==2.21.0");
    expect(args).toContain("--no-deps");
    expect(args.filter((arg) => arg.startsWith("--platform") || arg.startsWith("--python-version"))).toEqual([]);
  });

  it.each(["3.8", "3.14"])("name Python 3.12 and the platform where Python is %s, which has none", (version) => {
    const args = pipArguments(version, "tensorflow-cpu==2.21.0");
    expect(args).toContain("--python-version=3.12");
    expect(args.join(" ")).toMatch(/--platform=manylinux_2_27_(x86_64|aarch64)/);
  });
});
