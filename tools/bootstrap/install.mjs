import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BootstrapError, capture, root } from "./child.mjs";
import { npm } from "./npm.mjs";

const PNPM = join(root, ".cache/pnpm");
const STAMP = join(root, "node_modules/.bootstrap-stamp");

// Two more tries, soon: with the defaults it takes over a minute to find out that there is no network.
// The level is named because `npm run --silent` hands its own down.
const FETCH = ["--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=3000", "--loglevel=info"];

/**
 * Brings `node_modules` to what the lockfile says: gets the pinned pnpm through npm, and runs it. Both only when needed,
 * so that a second call reads a few files and touches no network.
 *
 * @throws {BootstrapError} without npm, without network, or when the lockfile and a package.json disagree.
 */
export async function install() {
  const wanted = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  await installPnpm();
  await step("Installing the packages", process.execPath, [
    join(PNPM, "node_modules/pnpm/bin/pnpm.cjs"),
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    "--reporter=append-only",
    ...FETCH,
  ]);
  writeFileSync(STAMP, wanted);
}

/** A hash of everything that decides what an install gives. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  const workspaces = ["packages", "tools"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name, "package.json")),
  );
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...workspaces.sort()]) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/**
 * Puts the pnpm that package.json names into `.cache/pnpm`; half an install is never left there, nor another file than the one whose SHA-512
 * package.json names, as corepack writes it.
 */
async function installPnpm() {
  const { packageManager } = readJson(join(root, "package.json"));
  const [, pinned, checksum] = /^pnpm@([^+]+)(?:\+sha512\.([0-9a-f]{128}))?$/.exec(packageManager) ?? [];
  const installed = join(PNPM, "node_modules/pnpm/package.json");
  if (existsSync(installed) && readJson(installed).version === pinned) return;
  const partial = `${PNPM}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const [command, ...args] = npm();
  await step(`Getting pnpm ${pinned}`, command, [
    ...args,
    "install",
    "--prefix",
    partial,
    // What was not checked yet runs nothing.
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    ...FETCH,
    `pnpm@${pinned}`,
  ]);
  // npm holds what it unpacks against the checksum that the registry tells, and writes that down.
  const { integrity } = readJson(join(partial, "node_modules/.package-lock.json")).packages["node_modules/pnpm"];
  const wanted = checksum && `sha512-${Buffer.from(checksum, "hex").toString("base64")}`;
  if (wanted && integrity !== wanted) {
    rmSync(partial, { recursive: true, force: true });
    throw new BootstrapError(
      `Expected pnpm ${pinned} of ${wanted} but the package registry gave one of ${integrity}: do not use that registry, or correct packageManager in package.json.`,
    );
  }
  rmSync(PNPM, { recursive: true, force: true });
  renameSync(partial, PNPM);
}

/**
 * Runs one step of the installation, saying so on stderr.
 *
 * @param {string} title
 * @param {string} command
 * @param {string[]} args
 */
async function step(title, command, args) {
  const terminal = process.stderr.isTTY;
  process.stderr.write(`${title} ...${terminal ? "" : "\n"}`);
  const { code, output } = await capture(command, args, (text) => {
    const progress = text.match(/Progress: .*/g)?.at(-1);
    if (terminal && progress) process.stderr.write(`\r\x1b[K${title} ... ${progress.slice(0, 80)}`);
  }).catch((error) => {
    if (error.code !== "ENOENT") throw error;
    throw new BootstrapError(`Expected ${command} on the PATH but found none: install npm, which comes with Node.`);
  });
  if (terminal) process.stderr.write("\r\x1b[K");
  if (code === 0) return;
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET/.exec(
    output,
  );
  if (offline) {
    throw new BootstrapError(
      `${title} failed: the package registry cannot be reached (${offline[0]}). The first run needs the network, later ones do not: connect and run it again.`,
    );
  }
  console.error(output.trimEnd());
  throw new BootstrapError(`${title} failed with exit code ${code}; what it printed stands above.`);
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
