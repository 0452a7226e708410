import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../src/decode-image.ts";
import { describeLeftOut, findImages, listImages } from "../src/list-images.ts";
import { DECODED, FORMS, REFUSED } from "./pillow.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const cases = shared("cases/images");

describe("Listing images", () => {
  it("finds them in all subfolders, sorted, whatever the case of their extensions", async () => {
    const names = ["b.jpg", "a.JPEG", "c/d.png", "c/e/f.webp", "g.avif", "h.tif", "i.Tiff", "k.gif"];
    const others = [".hidden.jpg", ".git/x.jpg", "notes.txt", "jpg", "movie.mp4"];
    for (const folder of ["photos/c/e", "photos/.git"]) await mkdir(inFolder(folder), { recursive: true });
    for (const name of [...names, ...others]) await writeFile(inFolder(`photos/${name}`), "");
    const expected = ["a.JPEG", "b.jpg", "c/d.png", "c/e/f.webp", "g.avif", "h.tif", "i.Tiff", "k.gif"];
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

  it("tells images by their contents, whatever they are called", async () => {
    await mkdir(inFolder("named"), { recursive: true });
    const named = {
      "a.jfif": "a JPEG",
      "b.jpe": "a JPEG",
      c: "a PNG",
      "d.dat": "a TIFF",
      "e.bmp": "a GIF",
      "f.x": "a WebP",
    };
    for (const [name, kind] of Object.entries(named)) {
      await writeFile(inFolder(`named/${name}`), DECODED.find((entry) => entry.name === kind)!.file);
    }
    await writeFile(inFolder("named/g"), FORMS.find(({ name }) => name.includes("BMP"))!.file);
    await writeFile(inFolder("named/BM.txt"), "BM is how this text begins, and it goes on for more than a header.");
    await writeFile(inFolder("named/Thumbs.db"), Buffer.from("d0cf11e0a1b11ae1", "hex"));
    const { images, leftOut, others } = await findImages(inFolder("named"));
    expect(images).toEqual([...Object.keys(named), "g"].map((name) => inFolder(`named/${name}`)));
    expect({ leftOut, others }).toEqual({ leftOut: [], others: 2 });
  });

  it.skipIf(!cases)(`finds every file of the same photo${unlessShared}`, async () => {
    const photos = (await listImages(cases!)).map((file) => basename(file));
    for (const name of [
      "photo.bmp",
      "photo.gif",
      "photo.jfif",
      "photo.jpe",
      "photo.jpg",
      "photo.png",
      "no-extension",
      "JPEG-named.png",
    ]) {
      expect(photos).toContain(name);
      expect(await decodeImage(`${cases}/${name}`)).toMatchObject({ width: 96, height: 64 });
    }
  });

  it("says which pictures it leaves out, and counts other files", async () => {
    for (const folder of ["left/@eaDir", "left/__MACOSX"]) await mkdir(inFolder(folder), { recursive: true });
    const jpeg = DECODED[0]!.file;
    const raw = REFUSED.find(({ name }) => name === "a DNG")!.file;
    for (const { name, file } of REFUSED.slice(-3)) await writeFile(inFolder(`left/${name}`), file);
    const files = {
      "a.jpg": jpeg,
      "b.nef": raw,
      "c.dng": raw,
      ".d.jpg": jpeg,
      "@eaDir/e.jpg": jpeg,
      "__MACOSX/f.jpg": jpeg,
    };
    for (const [name, file] of Object.entries(files)) await writeFile(inFolder(`left/${name}`), file);
    await writeFile(inFolder("left/phone.jpg"), Buffer.from("0000001866747970686569630000", "hex"));
    await writeFile(inFolder("left/list.csv"), "a,b");
    const { images, leftOut, others } = await findImages(inFolder("left"));
    expect(images).toEqual([inFolder("left/a.jpg")]);
    expect(others).toBe(2);
    expect(describeLeftOut(leftOut)).toBe(
      "Left out: JPEG 2000, which is not read (1: JPEG 2000); PNM, which is not read (1: PNM); an icon, which is not read (1: an icon); a camera's raw file, which is not read (2: b.nef, c.dng); HEIC, which is not read (1: phone.jpg).",
    );
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
    await writeFile(inFolder("empty/phone.heic"), Buffer.from("0000001866747970686569630000", "hex"));
    await expect(listImages(inFolder("empty"))).rejects.toThrow(
      "among HEIC, which is not read (1: phone.heic); 1 other file:",
    );
    await expect(listImages(inFolder("none"))).rejects.toMatchObject({
      code: "not-found",
      data: { file: inFolder("none") },
    });
  });
});
