import { CollectiveError } from "@seg/collectives";
import { PipelineError } from "@seg/pipeline/config";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { runSeg } from "./run-seg.ts";

describe("wrong usage is one line and exit code 2:", () => {
  it.each<[string, RegExp]>([
    ["confg", /unknown command 'confg' \(Did you mean config\?\)/],
    ["config --fcdm 3", /unknown option '--fcdm' \(Did you mean --fc-dim\?\)/],
    ["config --cfg", /option '--cfg <file>' argument missing/],
    ["config --arch_encoder vgg16", /Unknown encoder vgg16 \(--arch-encoder\): the choices are/],
    ["config DATASET.num_clas 3", /did you mean DATASET\.num_class\?/],
    ["config --cfg package.json", /Unknown configuration key name \(package\.json:2\)/],
    ["config --fc_dim 320", /leave fc_dim out or set it to 2048/],
    ["config --suffix epoch_3.pth", /Expected a --suffix such as _epoch_20\.pth/],
    ["config nonsense", /nonsense has no value/],
    ["confg --help", /^error: unknown command 'confg' \(Did you mean config\?\)\n$/],
    ["confg -h DIR x", /^error: unknown command 'confg' \(Did you mean config\?\)\n$/],
    [
      "completion tcsh",
      /^error: Expected shell to be one of bash, zsh, fish, powershell but received tcsh: `seg completion --help` has examples/,
    ],
    ["help confg", /unknown command 'confg' \(Did you mean config\?\)/],
    ["xyzzy", /unknown command 'xyzzy': `seg --help` lists the commands/],
    ["config --qqq 1", /unknown option '--qqq': `seg config --help` lists what there is/],
    ["setup --multi-scale", /unknown option '--multi-scale': it is a flag of seg eval, seg reproduce/],
    ["--imgs a.jpg", /unknown option '--imgs': it goes after a command: seg test/],
    [
      "test --weights a.pth",
      /unknown option '--weights': there are --weights-encoder, --weights-decoder, --weights-onnx/,
    ],
    ["setup x", /Expected 0 arguments but got 1: `seg setup --help` has examples/],
    ["download", /missing required argument 'what': `seg download --help` has examples/],
  ])("%s", async (line, message) => {
    const { code, stdout, stderr } = await runSeg(line.split(" "));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

it("tells what to do first when it is given nothing: commands that there are", async () => {
  const { code, stdout, stderr } = await runSeg([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  const commands = [...stderr.matchAll(/^ {2}seg (\S+)/gm)].map(([, command]) => command!);
  expect(commands).toEqual(["demo", "test", "test", "train", "doctor", "--help", "test"]);
  const help = (await runSeg(["--help"])).stdout;
  for (const command of commands) expect(help).toMatch(new RegExp(` ${command} `));
});

it("shows help that fits into 80 columns", async () => {
  const { stdout } = await runSeg(["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)[ |]/gm)].map(([, command]) => command!);
  expect(commands).toContain("reproduce");
  const texts = await Promise.all(commands.map(async (command) => (await runSeg(["help", command])).stdout));
  const wide = [stdout, (await runSeg([])).stderr, ...texts]
    .join("\n")
    .split("\n")
    .filter((line) => line.length > 80);
  expect(wide).toEqual([]);
});

it("prints help and version on stdout", async () => {
  expect(await runSeg(["--help"])).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^Usage: seg /),
  });
  expect(await runSeg(["config", "--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Examples:") });
  expect((await runSeg(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("shows a command's help for `help` and its name", async () => {
  const help = await runSeg(["config", "--help"]);
  expect(await runSeg(["help", "config"])).toEqual(help);
  expect(await runSeg(["help"])).toEqual(await runSeg(["--help"]));
});

it("names the rank that was lost where that is why it is to end", async () => {
  const signal = AbortSignal.abort();
  const ended = async (error: Error) => {
    const fails = () =>
      new Command("fail").action(() => {
        throw error;
      });
    return (await runSeg(["fail"], { commands: [fails], signal })).stderr;
  };
  const lost = new CollectiveError("dead", "rank 0 has ended");
  expect(await ended(lost)).toBe("error: interrupted: rank 0 has ended\n");
  expect(await ended(new PipelineError("failed", "a line", { cause: lost }))).toBe(
    "error: interrupted: rank 0 has ended\n",
  );
  expect(await ended(new PipelineError("failed", "a line"))).toBe("error: interrupted\n");
});

it("adds the stack only with SEG_DEBUG=1", async () => {
  const { stderr } = await runSeg(["config", "--cfg", "nope"], { env: { SEG_DEBUG: "1" } });
  expect(stderr).toMatch(/\n +at /);
});
