import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { gatherImages } from "../../src/photos/gather.ts";

it("gives every photo a name of its own, also where upper and lower case are the same", async () => {
  const folder = temporaryFolder({ "a.jpg": "", "A.PNG": "", "notes.txt": "" });
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/a.webp"), "");
  const { images, failures } = await gatherImages([
    folder,
    join(folder, "a.jpg"),
    "https://host.test/x/b%20c.jpg?size=2",
    "http://host.test/",
  ]);
  expect(failures).toEqual([]);
  expect(images.map(({ name }) => name)).toEqual(["A", "a-2", "sub/a", "a-3", "b_20c", "host"]);
  expect(images[2]!.source).toBe(join(folder, "sub/a.webp"));
});

it("goes on without what is missing, but not with nothing", async () => {
  const folder = temporaryFolder({ "a.jpg": "" });
  const { images, failures } = await gatherImages([join(folder, "b.jpg"), join(folder, "a.jpg")]);
  expect(images).toHaveLength(1);
  const missing = { code: "not-found", data: { file: join(folder, "b.jpg") } };
  expect(failures).toMatchObject([missing]);
  await expect(gatherImages([join(folder, "b.jpg")])).rejects.toMatchObject(missing);
  const empty = temporaryFolder();
  await expect(gatherImages([empty])).rejects.toMatchObject({ code: "no-images", data: { file: empty } });
  await expect(gatherImages([])).rejects.toMatchObject({ code: "option", data: { option: "inputs" } });
});
