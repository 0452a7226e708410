import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

/** What a shell completes the last word to, in a folder that holds the photo `photo.jpg` and the folder `sub`. */
type Complete = (words: readonly string[], folder: string) => string[];

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

// bash and zsh offer their parts only to a person who types: here they are given the words, and what they do is printed.
const SHELLS: Readonly<Record<string, Complete>> = {
  bash: (words, folder) => {
    // bash takes --flag=value for three words.
    const split = words.flatMap((word) => (word.includes("=") ? word.split(/(=)/).filter(Boolean) : [word]));
    const script = `source seg.bash
      compopt() { case $2 in default) ls -p ;; dirnames) ls -d */ ;; esac; }
      COMP_WORDS=(seg ${split.map(quoted).join(" ")}) COMP_CWORD=${split.length}
      _seg
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines("bash", ["--norc", "-c", script], folder);
  },
  zsh: (words, folder) => {
    const script = `
      compdef() { : }
      compset() { : }
      compadd() { local tail=; [[ $1 == -S ]] && tail=$2 && shift 2; shift; printf "%s$tail\\n" "$@"; }
      _describe() { printf '%s\\n' "\${(@P)@[-1]}" | cut -d: -f1; }
      _files() { if [[ $1 == -/ ]]; then ls -d */; else ls -p; fi; }
      source ./seg.zsh
      words=(seg ${words.map(quoted).join(" ")}) CURRENT=${words.length + 1}
      _seg`;
    // It leaves it to zsh to take what fits.
    const typed = words.at(-1)!.replace(/^[^=]*=/, "");
    return lines("zsh", ["-f", "-c", script], folder).filter((line) => line.startsWith(typed));
  },
  fish: (words, folder) => {
    const script = `source seg.fish; complete -C ${quoted(["seg", ...words].join(" "))}`;
    const found = lines("fish", ["--no-config", "-c", script], folder);
    return found.map((line) => line.replace(/\t.*/, "").replace(/^--[^=]+=/, ""));
  },
};

function lines(shell: string, argv: string[], cwd: string): string[] {
  const { stdout, stderr } = spawnSync(shell, argv, { cwd, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("seg."));
}

const CASES: readonly [line: string, expected: readonly string[]][] = [
  ["te", ["test"]],
  ["rep", ["reproduce"]],
  ["--vers", ["--version"]],
  ["help rep", ["reproduce"]],
  ["-V ", []],
  ["--help ", []],
  ["completion f", ["fish"]],
  ["test --back", ["--backend"]],
  ["test --backend w", ["wasm", "webgpu"]],
  ["predict --json --backend w", ["wasm", "webgpu"]],
  ["test --backend=w", ["wasm", "webgpu"]],
  ["train --backend onn", []],
  ["eval --backend onn", ["onnxruntime"]],
  ["export --format ", ["onnx", "pth", "safetensors", "tfjs"]],
  ["test --cfg resnet50", ["resnet50-upernet", "resnet50dilated-ppm_deepsup"]],
  ["download ", ["ade20k", "weights"]],
  ["download weights hr", ["hrnetv2-c1"]],
  ["test MODEL.arch_e", ["MODEL.arch_encoder"]],
  ["test --imgs photo.jpg MODEL.arch_e", ["MODEL.arch_encoder"]],
  ["test MODEL.arch_encoder hr", ["hrnetv2"]],
  ["train --json TRAIN.opt", ["TRAIN.optim"]],
  ["train TRAIN.optim ", ["Adam", "SGD"]],
  ["train TRAIN.seed ", []],
  ["train --set TRAIN.se", ["TRAIN.seed="]],
  ["eval --gpus ", []],
  ["test ", ["photo.jpg", "sub/"]],
  ["test --imgs photo.jpg ", ["photo.jpg", "sub/"]],
  ["eval --images ", ["sub/"]],
  ["train DIR ", ["sub/"]],
  ["export --calibrate photo.jpg ", ["photo.jpg", "sub/"]],
];

const UNDERSCORES: typeof CASES = [
  ["test --arch_encoder hr", ["hrnetv2"]],
  ["export --arch_decoder=upernet_", ["upernet_lite"]],
];

/** fish has no way to take one spelling of a flag for another, and gives what is assigned with its key. */
const OF_ONE: Readonly<Record<string, typeof CASES>> = {
  bash: [...UNDERSCORES, ["test --arch_enc", ["--arch-encoder"]]],
  zsh: UNDERSCORES,
  fish: [["train --set TRAIN.optim=", ["TRAIN.optim=Adam", "TRAIN.optim=SGD"]]],
};

describe.each(Object.entries(SHELLS))("in %s", (shell, complete) => {
  const missing = spawnSync(shell, ["--version"]).error !== undefined;
  const title = (text: string) => (missing ? `${text} (skipped: no ${shell})` : text);
  const prepared = async () => {
    const { stdout } = await runSeg(["completion", shell]);
    const folder = temporaryFolder({ [`seg.${shell}`]: stdout, "photo.jpg": "" });
    mkdirSync(join(folder, "sub"));
    return folder;
  };

  it.skipIf(missing).each([...CASES, ...(OF_ONE[shell] ?? [])])(
    title("`seg %s` is completed to %j"),
    async (line, expected) => {
      expect(complete(line.split(" "), await prepared()).sort()).toEqual(expected);
    },
  );

  it.skipIf(missing)(title("every flag in a command's help is completed"), async () => {
    const folder = await prepared();
    for (const command of ["train", "test", "export", "doctor"]) {
      const { stdout } = await runSeg([command, "--help"]);
      const flags = stdout
        .split("\n")
        .flatMap((text) => /^ {2}(-.*?)(?: {2}|$)/.exec(text)?.[1]?.match(/--[\w-]+/g) ?? []);
      expect(flags.length).toBeGreaterThan(2);
      expect(complete([command, "--"], folder).sort()).toEqual(flags.sort());
    }
  });
});

const noZsh = spawnSync("zsh", ["--version"]).error !== undefined;

it.skipIf(noZsh)(`zsh itself completes a word that a person begins${noZsh ? " (skipped: no zsh)" : ""}`, async () => {
  const folder = temporaryFolder({ _seg: (await runSeg(["completion", "zsh"])).stdout });
  const script = `
    zmodload zsh/zpty
    zpty -b z zsh -f -i
    zpty -w z "PROMPT='> '; fpath=(${folder} \\$fpath); autoload -U compinit; compinit -D -u; echo re''ady"
    zpty -r -m z line '*ready*'
    zpty -w -n z $'seg test --backe\\tonnx\\t'
    zpty -r -m z line '*onnxruntime*'
    print -r -- "$line"
    zpty -d z`;
  const stdout = execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8", timeout: 30_000 });
  expect(stdout).toContain("--backend");
});
