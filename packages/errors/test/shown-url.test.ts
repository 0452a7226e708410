import { expect, it } from "vitest";
import { SegError, shownUrl } from "../src/index.ts";

it.each([
  ["https://host.example/a/b.pth", "https://host.example/a/b.pth"],
  ["https://host.example/@seg/a.pth", "https://host.example/@seg/a.pth"],
  ["https://ann:secret@host.example:8080/a", "https://host.example:8080/a"],
  ["https://secret@host.example", "https://host.example"],
  ["https://ann:se@cret@host.example/a", "https://host.example/a"],
  ["https://ann:se/cret@host.example/a", "https://host.example/a"],
  ["https:\\\\ann:secret@host.example\\a", "https:\\\\host.example\\a"],
  ["https://host.example/a?token=secret", "https://host.example/a?…"],
  ["https://host.example/a?X-Amz-Signature=secret&b=1#secret", "https://host.example/a?…"],
  ["https://host.example/a#secret", "https://host.example/a"],
  ["ftp://ann:secret@host.example/a", "ftp://host.example/a"],
  ["https://ann:secret@", "https://"],
  ["file://ann:secret@host.example/a", "file://host.example/a"],
  ["file:///home/a@2/b.jpg", "file:///home/a@2/b.jpg"],
  ["http:/ann:secret@host.example/a", "http:/host.example/a"],
])("%s is shown as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
  expect(shownUrl(shown)).toBe(shown);
});

it("shows an address that holds its data by its beginning", () => {
  expect(shownUrl(`data:image/png;base64,${"A".repeat(1000)}`)).toMatch(/^data:image\/png;base64,A+…$/);
});

it("no line of an error shows what is secret in an address, whoever wrote the line", () => {
  const line =
    'Expected a file but received "https://ann:secret@h/a?token=secret", (http://h/b?secret#secret): https://h/c#readme.';
  expect(new SegError("code", line).message).toBe(
    'Expected a file but received "https://h/a?…", (http://h/b?…): https://h/c.',
  );
});

it.each(["ftp:", "sftp:", "file:", "s3:", "postgres:", "http:", "git+ssh:"])(
  "nor what is in one of the scheme %s",
  (scheme) => {
    // As it is, and as joining it to a folder, or to another address, leaves it.
    for (const slashes of ["/", "//", "///", "\\\\"]) {
      const line = `Expected a file but there is no data/${scheme}${slashes}ann:pass@h/x.jpg: check it.`;
      expect(new SegError("code", line).message).toBe(line.replace("ann:pass@", ""));
    }
  },
);

it.each([
  "Expected C:\\photos\\a@2.jpg but received D:/b@2.jpg: no",
  "Expected seg:it@once but received key:value@place: no",
  "Expected file:///a/node_modules/@seg/errors@1/x.js: no",
])("leaves what is no address as it is: %s", (line) => {
  expect(new SegError("code", `${line}.`).message).toBe(`${line}.`);
});
