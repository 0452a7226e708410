import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveFolder } from "@seg/testing/browser";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it, onTestFinished } from "vitest";

const TEN = "0123456789";

async function served(options?: Parameters<typeof serveFolder>[1]) {
  const folder = temporaryFolder({ "secret.txt": "secret" });
  mkdirSync(join(folder, "site/sub"), { recursive: true });
  mkdirSync(join(folder, "elsewhere"));
  for (const name of ["ten.txt", "a.wasm", "index.html", "sub/index.html", "empty.bin"])
    writeFileSync(join(folder, "site", name), name === "empty.bin" ? "" : TEN);
  writeFileSync(join(folder, "elsewhere/b.js"), "other");
  const server = await serveFolder({ "/": join(folder, "site"), "/other/": join(folder, "elsewhere") }, options);
  onTestFinished(server.close);
  return server;
}

it.each([
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=8-99", 206, "89", "bytes 8-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["lines=1-2", 200, TEN, null],
])("answers %s as RFC 9110 says", async (range, status, body, contentRange) => {
  const { url, requests } = await served();
  const answer = await fetch(`${url}ten.txt`, { headers: { range } });
  expect([answer.status, await answer.text(), answer.headers.get("content-range")]).toEqual([
    status,
    body,
    contentRange,
  ]);
  expect(requests).toEqual([{ path: "/ten.txt", range, status }]);
});

it("gives whole files where it is to know no ranges", async () => {
  const { url } = await served({ ranges: false });
  const answer = await fetch(`${url}ten.txt`, { headers: { range: "bytes=2-4" } });
  expect([answer.status, await answer.text()]).toEqual([200, TEN]);
});

it("serves folders' pages, types and prefixes, an empty file, and isolation where it is asked for", async () => {
  const { url } = await served({ isolated: true });
  const typeOf = async (path: string) => (await fetch(url + path)).headers.get("content-type");
  expect(await typeOf("")).toBe("text/html; charset=utf-8");
  expect(await typeOf("sub/?query")).toBe("text/html; charset=utf-8");
  expect(await typeOf("a.wasm")).toBe("application/wasm");
  expect(await (await fetch(`${url}other/b.js`)).text()).toBe("other");
  const { status, headers } = await fetch(`${url}empty.bin`);
  expect([status, headers.get("content-length"), headers.get("cross-origin-opener-policy")]).toEqual([
    200,
    "0",
    "same-origin",
  ]);
});

it("serves nothing outside its folders", async () => {
  const { url } = await served();
  for (const path of ["..%2fsecret.txt", "sub/..%2f..%2fsecret.txt", "other/..%2fsecret.txt", "%zz", "sub", "none"])
    expect((await fetch(url + path)).status).toBe(404);
});
