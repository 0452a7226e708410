import { mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { listImages } from "../src/list-images.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

describe("Listing images", () => {
  it("finds them in all subfolders, sorted, whatever the case of their extensions", async () => {
    const names = ["b.jpg", "a.JPEG", "c/d.png", "c/e/f.webp", "g.avif", "h.tif", "i.Tiff"];
    const others = [".hidden.jpg", ".git/x.jpg", "notes.txt", "jpg", "movie.mp4", "k.gif"];
    for (const folder of ["photos/c/e", "photos/.git"]) await mkdir(inFolder(folder), { recursive: true });
    for (const name of [...names, ...others]) await writeFile(inFolder(`photos/${name}`), "");
    const expected = ["a.JPEG", "b.jpg", "c/d.png", "c/e/f.webp", "g.avif", "h.tif", "i.Tiff"];
    expect(await listImages(inFolder("photos"))).toEqual(expected.map((name) => inFolder(`photos/${name}`)));
  });

  it("follows links without walking in circles", async () => {
    await mkdir(inFolder("linked/inner"), { recursive: true });
    await writeFile(inFolder("linked/inner/a.jpg"), "");
    await symlink(inFolder("linked"), inFolder("linked/inner/up"));
    await symlink(inFolder("linked/inner/a.jpg"), inFolder("linked/b.jpg"));
    await symlink(inFolder("nowhere"), inFolder("linked/broken.jpg"));
    expect(await listImages(inFolder("linked"))).toEqual([
      inFolder("linked/b.jpg"),
      inFolder("linked/broken.jpg"),
      inFolder("linked/inner/a.jpg"),
    ]);
  });

  it("takes a single file whatever its name", async () => {
    await writeFile(inFolder("photo"), "");
    expect(await listImages(inFolder("photo"))).toEqual([inFolder("photo")]);
  });

  it("refuses a folder without images and a path that does not exist", async () => {
    await mkdir(inFolder("empty/inner"), { recursive: true });
    await writeFile(inFolder("empty/notes.txt"), "");
    await expect(listImages(inFolder("empty"))).rejects.toMatchObject({
      code: "no-images",
      data: { file: inFolder("empty") },
    });
    await expect(listImages(inFolder("none"))).rejects.toMatchObject({
      code: "not-found",
      data: { file: inFolder("none") },
    });
  });
});
