import { join } from "node:path";
import { startBrowser, unlessChromium } from "@seg/testing/browser";
import { temporaryFolder } from "@seg/testing/node";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkApp } from "../src/check-app.mjs";
import { neededBy } from "../src/project.mjs";

interface Wanted {
  bundler?: string;
  budget?: number;
  result?: unknown;
  mounts?: Record<string, string>;
}

describe.skipIf(unlessChromium)(`The gate of bundles${unlessChromium}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  /** What the gate says of an app of these files. */
  async function checked(
    main: string,
    { bundler = "esbuild", budget = 10, result = 1, mounts = {} }: Wanted = {},
    files: Record<string, string> = {},
  ) {
    const entry = join(temporaryFolder({ "main.mjs": main, ...files }), "main.mjs");
    const app = { entry, mounts, expect: (given: unknown) => expect(given).toEqual(result) };
    return checkApp(browser, app, { bundler, budget, out: temporaryFolder({}) });
  }

  it.each(["vite5", "vite8", "esbuild", "webpack"])(
    "passes an app that gives what it should, built by %s, though it lies under a path of its own",
    async (bundler) => {
      const { problems, fetched, all } = await checked(
        'globalThis.result = import("./late.mjs").then(({ late }) => late);',
        { bundler, result: 7 },
        { "late.mjs": "export const late = 7;" },
      );
      expect(problems).toEqual([]);
      expect(fetched).toBeGreaterThan(0);
      expect(all).toBeGreaterThanOrEqual(fetched);
    },
  );

  it("counts what the page fetched, and apart from it all that was built", async () => {
    // Random digits hardly shrink.
    const text = Array.from({ length: 9000 }, (_, i) => ((i * i * 7919) % 1_000_003).toString(36)).join("");
    const { fetched, all } = await checked(
      'globalThis.result = Promise.resolve(1); globalThis.later = () => import("./late.mjs");',
      {},
      { "late.mjs": `export const late = "${text}";` },
    );
    expect(fetched).toBeLessThan(2);
    expect(all).toBeGreaterThan(10);
  });

  it.each([
    ["is larger than its budget", "globalThis.result = Promise.resolve(1);", { budget: 0 }, /^Expected at most 0 kB/],
    ["gives something else", "globalThis.result = Promise.resolve(2);", {}, /expected 2 to deeply equal 1/],
    ["rejects", 'globalThis.result = Promise.reject(new Error("no luck"));', {}, /no luck/],
    ["throws beside its result", 'globalThis.result = Promise.resolve(1); throw new Error("oh");', {}, /oh/],
    [
      "asks for what is not there",
      'globalThis.result = fetch("absent.bin").then(() => 1);',
      {},
      /\/under\/a%20path\/absent\.bin is not/,
    ],
    [
      "thinks that it lies at the server's root",
      'globalThis.result = fetch("/main.js").then(() => 1);',
      {},
      /but \/main\.js is not/,
    ],
    ["imports a module of Node's", 'import { sep } from "node:path"; globalThis.result = sep;', {}, /node:path/],
    [
      "names a module of Node's",
      'globalThis.result = Promise.resolve(1); globalThis.open = (name = "node:fs/promises") => import(name);',
      {},
      /^Expected nothing of Node's but main\.js has node:fs\/promises\.$/,
    ],
  ] as const)("names what is wrong with an app that %s", async (_, main, wanted, line) => {
    const { problems } = await checked(main, wanted);
    expect(problems).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    ["vite5", 'eval("1");'],
    ["vite8", 'eval("1");'],
    ["esbuild", 'eval("1");'],
    ["webpack", "globalThis.later = (name) => import(name);"],
  ])("names a warning of %s", async (bundler, line) => {
    const { problems } = await checked(`globalThis.result = Promise.resolve(1); ${line}`, { bundler });
    expect(problems).toEqual([expect.stringMatching(/^Expected no warning but received: /)]);
  });

  it("gives the page other folders of its server", async () => {
    const folder = temporaryFolder({ "given.txt": "there" });
    const main = 'globalThis.result = fetch("/data/given.txt").then((answer) => answer.text());';
    const { problems } = await checked(main, { result: "there", mounts: { "/data/": folder } });
    expect(problems).toEqual([]);
  });
});

describe("The project that apps are built in", () => {
  it("has what a package depends on, peers too, and nothing that it takes only where it is there", () => {
    const manifest = {
      dependencies: { needed: "1" },
      peerDependencies: { peer: "1", perhaps: "1" },
      peerDependenciesMeta: { perhaps: { optional: true } },
    };
    expect(neededBy(manifest)).toEqual(["needed", "peer"]);
  });
});
