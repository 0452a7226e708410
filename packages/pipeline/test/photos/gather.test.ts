import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
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

it("takes photos by their contents, and no pictures of its own at the second run", async () => {
  const png = "\x89PNG\r\n\x1a\n";
  const own = ["a_overlay.png", "a_labels.png", "a_legend.png", "a_side_by_side.png"];
  const others = ["b_overlay.png", "c_labels.png", "photo", "d.jfif"];
  const folder = temporaryFolder(Object.fromEntries(["a.jpg", ...own, ...others].map((name) => [name, ""])));
  mkdirSync(join(folder, "a_masks"));
  writeFileSync(join(folder, "a_masks/3_sky.png"), "");
  writeFileSync(join(folder, "photo"), png, "latin1");
  writeFileSync(join(folder, "phone.jpg"), "0000ftypheic");
  const { images, leftOut } = await gatherImages([folder]);
  expect(images.map(({ source }) => relative(folder, source))).toEqual([
    "a.jpg",
    "b_overlay.png",
    "c_labels.png",
    "d.jfif",
    "photo",
  ]);
  expect(leftOut).toEqual([
    {
      reason: "results of an earlier run",
      files: [...own, "a_masks/3_sky.png"].sort().map((name) => join(folder, name)),
    },
    { reason: "HEIC, which is not read", files: [join(folder, "phone.jpg")] },
  ]);
  // Who names one wants it.
  expect((await gatherImages([join(folder, "a_overlay.png")])).images).toHaveLength(1);
  const results = temporaryFolder({ "a_overlay.png": "", "a_labels.png": "" });
  await expect(gatherImages([results])).rejects.toMatchObject({ code: "no-images", data: { file: results } });
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
