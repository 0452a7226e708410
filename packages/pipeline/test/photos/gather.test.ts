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
  expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining("b.jpg")]);
  await expect(gatherImages([join(folder, "b.jpg")])).rejects.toMatchObject({ code: "not-found" });
  await expect(gatherImages([temporaryFolder()])).rejects.toMatchObject({ code: "no-images" });
  await expect(gatherImages([])).rejects.toMatchObject({ code: "option" });
});
