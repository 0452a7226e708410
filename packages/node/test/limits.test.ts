import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { execArgvFor, limitOf, withLimit } from "../src/index.ts";

const noPrlimit = spawnSync("prlimit", ["--version"]).error !== undefined;
const title = (text: string) => (noPrlimit ? `${text} (skipped: no prlimit)` : text);

/** What a program prints that runs under a limit, with this package as `node`. */
function under(limit: string, program: string): string {
  const module = new URL("../src/index.ts", import.meta.url);
  const script = `import * as node from ${JSON.stringify(module.href)};\n${program}`;
  const argv = [limit, process.execPath, ...execArgvFor(module), "--input-type=module", "--eval", script];
  return execFileSync("prlimit", argv, { encoding: "utf8" }).trim();
}

describe("a limit of the system", () => {
  it.skipIf(noPrlimit)(title("on open files is named where it is met, with the way out"), () => {
    const found = under(
      "--nofile=60",
      `import { openSync } from "node:fs";
       try { for (;;) openSync("/dev/null"); } catch (error) { console.log(node.withLimit(error.message, error)); }`,
    );
    expect(found).toBe(
      "EMFILE: too many open files, open '/dev/null': here at most 60 open files are allowed, raise that by ulimit -n 1024.",
    );
  });

  it.skipIf(noPrlimit)(title("on open files is suspected where Node finds no module that may be there"), () => {
    const line = 'node.withLimit("Cannot find package d3-scale imported from a.js")';
    expect(under("--nofile=100", `console.log(${line})`)).toMatch(/^here at most 100 open files are allowed/);
    expect(under("--nofile=2048", `console.log(${line})`)).toBe("Cannot find package d3-scale imported from a.js");
  });

  it.skipIf(noPrlimit)(title("on addresses is named where WebAssembly finds no room"), () => {
    const found = under(
      `--as=${8 * 2 ** 30}`,
      `try { new WebAssembly.Memory({ initial: 1 }); } catch (error) { console.log(node.withLimit("It failed", error)); }`,
    );
    expect(found).toMatch(
      /^It failed: addresses are limited to 8 GB here, .* ulimit -v unlimited, or set NODE_OPTIONS=/,
    );
  });

  it.skipIf(noPrlimit)(
    title("on addresses is an error of a thread that would not fit, and not the end of the process"),
    () => {
      const found = under(
        `--as=${3 * 2 ** 30}`,
        `const threads = [];
       const module = new URL("data:text/javascript,setInterval(() => {}, 1000)");
       try { for (let i = 0; i < 40; i++) threads.push(node.startThread(module)); }
       catch (error) { console.log(error.name, error.message); }
       await Promise.all(threads.map((thread) => thread.terminate()));
       process.exit(0);`,
      );
      expect(found).toMatch(/^RangeError Expected 512 MB of addresses for one more thread.* limited to 3 GB here/);
    },
  );
});

describe("withLimit", () => {
  it("looks at causes, and says nothing twice", () => {
    const cause = Object.assign(new Error("spawn sleep EAGAIN"), { code: "EAGAIN" });
    const line = withLimit("It did not start.", new Error("no worker", { cause }));
    expect(line).toMatch(/^It did not start: .*ulimit -u, or use fewer workers or replicas\.$/);
    expect(withLimit(line, cause)).toBe(line);
  });

  it("leaves a line alone that no limit is behind", () => {
    expect(withLimit("Expected 3 but received 4.", new Error("ENOENT: no such file"))).toBe(
      "Expected 3 but received 4.",
    );
  });
});

describe("limitOf", () => {
  it.skipIf(noPrlimit)(title("reads limits where /proc does not tell them, and none as undefined"), () => {
    expect(under("--nofile=77", 'console.log(node.limitOf("files"))')).toBe("77");
    expect(under("--as=unlimited", 'console.log(node.limitOf("addresses"))')).toBe("undefined");
    expect(limitOf("files")).toBeGreaterThan(10);
  });
});
