import type { Command, Option } from "commander";
import { KEY_FLAGS, PAIRS, PHOTOS_AND_PAIRS } from "../flags/config-flags.ts";
import { TRAINING_KEY_FLAGS } from "../flags/training-flags.ts";
import { DECODERS, ENCODERS, KEYS, PRESETS } from "./names.ts";

/** What may stand in a place of the command line. */
export interface Values {
  /** Words; where none fits, files if those may stand there too. */
  words?: readonly string[];
  files?: "file" | "folder";
  /** Keys of the configuration with a `=` behind them. */
  assigns?: boolean;
}

/** A flag of a command. */
export interface CompletedFlag {
  /** With their dashes. */
  names: readonly string[];
  summary: string;
  /** Undefined where it takes none. */
  values?: Values;
  /** Whether several values may follow it. */
  many: boolean;
}

/** A command. */
export interface CompletedCommand {
  /** Its name, then its other names. */
  names: readonly string[];
  summary: string;
  flags: readonly CompletedFlag[];
  /** What stands by itself, neither a flag nor its value. */
  values: Values;
  /** What stands after a word that stands by itself. */
  after: Readonly<Record<string, Values>>;
  /** Whether `KEY VALUE` may stand there too. */
  keys: boolean;
}

/** All that shells are told of the program. */
export interface CompletionTable {
  commands: readonly CompletedCommand[];
  /** Flags that need no command. */
  flags: readonly CompletedFlag[];
  keys: readonly string[];
  /** What stands after a key; nothing of use where it is not here. */
  keyValues: Readonly<Record<string, Values>>;
}

/** Values that the flag's declaration does not tell. */
const BY_FLAG: Readonly<Record<string, Values>> = {
  "--cfg": { words: PRESETS, files: "file" },
  "--set": { assigns: true },
  "--arch-encoder": { words: ENCODERS },
  "--arch-decoder": { words: DECODERS },
  "--label-map": { words: ["ade20k", "zero-based", "mask", "voc", "cityscapes"], files: "file" },
  "--optim": { words: ["SGD", "Adam"] },
};

/** Values of arguments, likewise. */
const BY_ARGUMENT: Readonly<Record<string, Values>> = {
  "photos and KEY VALUE": { files: "file" },
  rows: { words: PRESETS },
};

/** Values of an argument after another one. */
const AFTER: Readonly<Record<string, Record<string, Values>>> = {
  download: { weights: { words: PRESETS, files: "file" } },
};

/** What the shells are told, of the program's own declarations. */
export function completionTable(program: Command): CompletionTable {
  const commands = program.commands.map(completedCommand);
  const help: CompletedCommand = {
    names: ["help"],
    summary: "show a command's flags and examples",
    flags: [],
    values: { words: commands.map(({ names }) => names[0]!) },
    after: {},
    keys: false,
  };
  const byName = new Map(commands.flatMap(({ flags }) => flags.map((flag) => [flag.names.at(-1)!, flag.values])));
  const keyValues: [string, Values][] = [["DIR", { files: "folder" }]];
  for (const [key, flag] of [...KEY_FLAGS, ...TRAINING_KEY_FLAGS]) {
    const values = byName.get(flag);
    if (values?.words ?? values?.files) keyValues.push([key, values!]);
  }
  return {
    commands: [...commands, help],
    flags: flagsOf(program),
    keys: KEYS,
    keyValues: Object.fromEntries(keyValues),
  };
}

function completedCommand(command: Command): CompletedCommand {
  const { registeredArguments: given } = command;
  const [values = {}] = given.map((argument) => ({
    ...(argument.argChoices && { words: argument.argChoices }),
    ...BY_ARGUMENT[argument.name()],
  }));
  return {
    names: [command.name(), ...command.aliases()],
    summary: command.description(),
    flags: flagsOf(command),
    values,
    after: AFTER[command.name()] ?? {},
    keys: given.some((argument) => [PAIRS, PHOTOS_AND_PAIRS].includes(`[${argument.name()}...]`)),
  };
}

const flagsOf = (command: Command): CompletedFlag[] => command.createHelp().visibleOptions(command).map(completedFlag);

function completedFlag(option: Option): CompletedFlag {
  const { long, short, description, variadic, required } = option;
  return {
    // Commander calls the first of two long names short.
    names: [short, long].filter((name) => name !== undefined),
    summary: description,
    ...(required && { values: valuesOf(option) }),
    many: variadic,
  };
}

function valuesOf({ long, flags, argChoices }: Option): Values {
  if (argChoices) return { words: argChoices };
  const known = BY_FLAG[long ?? ""];
  if (known) return known;
  const [, what = ""] = /<([\w-]+)/.exec(flags) ?? [];
  if (what === "folder") return { files: "folder" };
  return ["file", "zip", "path", "paths", "photos"].includes(what) ? { files: "file" } : {};
}
