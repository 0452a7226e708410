import { expect, it } from "vitest";
import { COMMANDS, createProgram } from "../src/program.ts";
import { commandsMarkdown } from "./commands-markdown.ts";
import { Sink } from "./run-seg.ts";

const program = () => createProgram(COMMANDS, { stdout: new Sink(), stderr: new Sink(), env: {} }, () => {});

it("COMMANDS.md is what the commands say of themselves (written anew by -u)", async () => {
  await expect(commandsMarkdown(program())).toMatchFileSnapshot("../COMMANDS.md");
});

it("and tells every flag, and how what follows them is written", () => {
  const text = commandsMarkdown(program());
  for (const { options } of program().commands)
    for (const { flags } of options) expect(text).toContain(`| \`${flags}\` | `);
  expect(text).toContain("| `[KEY VALUE]` | keys to set, such as DATASET.num_class 11 |");
  expect(text).toContain(
    "\nWithout --sizes or --multi-scale, photos are scored at a short side of 450. Results are also written to",
  );
  expect(text).toContain("```sh\nseg config --list\nseg config --cfg resnet50-upernet > mine.yaml\n");
});
