import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { sep } from "node:path";
import tls from "node:tls";
import vm from "node:vm";
import workers from "node:worker_threads";
import { Prototypes } from "./prototypes.ts";

/** What a reader did that no reader may do. */
export interface Offence {
  what: "executed" | "polluted" | "printed";
  detail: string;
}

/** The watch over this process. */
export interface Guards {
  /** Whether a network may be reached from now on; not at first. */
  allowNetwork(allowed: boolean): void;
  /** From here on, until {@link take}, all is watched. */
  begin(): void;
  /** The offences since then. */
  take(): Offence[];
}

/** By module, the functions that start, reach or run something. */
const RUNNING: readonly (readonly [string, object, readonly string[]])[] = [
  ["child_process", childProcess, ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"]],
  ["worker_threads", workers, ["Worker"]],
  ["vm", vm, ["runInContext", "runInNewContext", "runInThisContext", "compileFunction", "Script"]],
  ["global", globalThis, ["eval"]],
  ["process", process, ["exit", "abort", "chdir", "dlopen", "setuid"]],
];

const REACHING: readonly (readonly [string, object, readonly string[]])[] = [
  ["net.Socket", net.Socket.prototype, ["connect"]],
  ["net", net, ["connect", "createConnection", "createServer"]],
  ["tls", tls, ["connect"]],
  ["dgram", dgram, ["createSocket"]],
  ["dns", dns, ["lookup", "resolve", "resolve4", "resolve6"]],
  ["http", http, ["request", "get"]],
  ["https", https, ["request", "get"]],
  ["global", globalThis, ["fetch"]],
];

/** Functions of `fs` that change files, and which of their arguments are paths. */
const WRITING: Readonly<Record<string, readonly number[]>> = {
  ...{ writeFile: [0], appendFile: [0], truncate: [0], mkdir: [0], mkdtemp: [0], rmdir: [0], rm: [0], unlink: [0] },
  ...{ rename: [0, 1], copyFile: [1], cp: [1], symlink: [1], link: [1], chmod: [0], chown: [0], utimes: [0] },
  createWriteStream: [0],
};

/**
 * Watches over this process from now on: whatever starts a process or thread, runs text, reaches a network, writes outside `folder`, prints, or
 * changes what all objects share, is noted, and refused where that is possible.
 *
 * @param folder - where files may be written.
 */
export function installGuards(folder: string): Guards {
  let offences: Offence[] = [];
  let isWatching = false;
  let mayReach = false;
  const note = (what: Offence["what"], detail: string) => void offences.push({ what, detail });
  const refuse = (module: string, owner: object, name: string, isAllowed: () => boolean) =>
    replace(owner, name, (original) => {
      return function refused(this: unknown, ...args: unknown[]) {
        if (!isWatching || isAllowed() || isNodes()) {
          return new.target ? Reflect.construct(original, args) : original.apply(this, args);
        }
        note("executed", `${module}.${name}`);
        throw new Error(`the fuzzer allows no ${module}.${name}`);
      };
    });
  for (const [module, owner, names] of RUNNING) for (const name of names) refuse(module, owner, name, () => false);
  for (const [module, owner, names] of REACHING) for (const name of names) refuse(module, owner, name, () => mayReach);
  const isOutside = (path: unknown) => typeof path === "string" && !(path === folder || path.startsWith(folder + sep));
  const watch = (owner: object, name: string, paths: (args: unknown[]) => unknown[]) =>
    replace(owner, name, (original) => {
      return function watched(this: unknown, ...args: unknown[]) {
        if (isWatching) for (const path of paths(args).filter(isOutside)) note("executed", `fs.${name} of ${path}`);
        return original.apply(this, args);
      };
    });
  for (const [name, positions] of Object.entries(WRITING)) {
    const paths = (args: unknown[]) => positions.map((position) => args[position]);
    for (const full of [name, `${name}Sync`]) watch(fs, full, paths);
    watch(fs.promises, name, paths);
  }
  const opened = ([path, flags = "r"]: unknown[]) => (isReading(flags) ? [] : [path]);
  for (const name of ["open", "openSync"]) watch(fs, name, opened);
  watch(fs.promises, "open", opened);
  syncBuiltinESMExports();
  for (const name of ["stdout", "stderr"] as const) {
    process[name].write = (chunk: unknown) => {
      if (isWatching) note("printed", `${name}: ${JSON.stringify(String(chunk).slice(0, 200))}`);
      return true;
    };
  }
  let prototypes: Prototypes;
  return {
    allowNetwork: (allowed) => {
      mayReach = allowed;
    },
    begin: () => {
      prototypes = new Prototypes();
      isWatching = true;
    },
    take: () => {
      isWatching = false;
      for (const change of prototypes.changes()) note("polluted", change);
      const found = offences;
      offences = [];
      return found;
    },
  };
}

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;

/** Whether a file that is opened so can only be read. */
const isReading = (flags: unknown) =>
  typeof flags === "number"
    ? (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) === 0
    : /^rs?$/.test(String(flags));

/** Whether it is Node itself that calls: it makes a context of its own for some of its errors, say. */
const isNodes = () => /node:internal/.test(new Error().stack?.split("\n")[3] ?? "");

type Callable = (...args: unknown[]) => unknown;

/** Puts another function in a function's place. */
function replace(owner: object, name: string, by: (original: Callable) => Callable): void {
  const original = (owner as Record<string, unknown>)[name];
  if (typeof original !== "function") return;
  Object.defineProperty(owner, name, { value: by(original as Callable), configurable: true, writable: true });
}
