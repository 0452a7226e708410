import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import type { DataError } from "../src/index.ts";
import { readOdgt, writeOdgt } from "../src/odgt.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const good = '{"fpath_img": "images/a.jpg", "fpath_segm": "annotations/a.png", "width": 683, "height": 512}';

async function read(text: string, root?: string) {
  await writeFile(inFolder("list.odgt"), text);
  return readOdgt(inFolder("list.odgt"), { root });
}

async function refusal(text: string): Promise<DataError["data"]> {
  const error = await read(text).then(
    () => expect.unreachable("the list was read"),
    (error) => error,
  );
  expect(error).toMatchObject({ name: "DataError", code: "bad-list" });
  return error.data;
}

describe("An odgt list", () => {
  it("gives paths from its own folder unless a root is named", async () => {
    expect(await read(`${good}\r\n\r\n${good}`)).toEqual(
      Array(2).fill({
        imagePath: inFolder("images/a.jpg"),
        labelPath: inFolder("annotations/a.png"),
        width: 683,
        height: 512,
      }),
    );
    expect((await read(good, "/data"))[0]).toMatchObject({
      imagePath: "/data/images/a.jpg",
      labelPath: "/data/annotations/a.png",
    });
    expect((await read(good.replace("images/a.jpg", "/elsewhere/a.jpg"), "/data"))[0]!.imagePath).toBe(
      "/elsewhere/a.jpg",
    );
  });

  it("may have any number of blank lines, of any length, and counts them", async () => {
    const blanks = "\n \t\r\n".repeat(300_000);
    expect(await read(`${blanks}${good}\n${blanks} ${good}${blanks}`)).toHaveLength(2);
    expect(await refusal(`${blanks}${good}\n${blanks}x`)).toMatchObject({ line: 1_200_002 });
    expect(await read(`${" ".repeat(3_000_000)}\n${" ".repeat(3_000_000)}${good}`)).toHaveLength(1);
  });

  it.each([
    "http://ann:pass@host/a.jpg",
    "ftp://ann:pass@host/a.jpg",
    "file://ann:pass@host/a.jpg",
    "s3://bucket/a.jpg",
  ])("may not name the address %s", async (address) => {
    const error = await read(good.replace("images/a.jpg", address)).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "bad-list", data: { line: 1, key: "fpath_img" } });
    expect(error.message).toContain(
      `to be a path but received the address ${address.replace("ann:pass@", "")}: download it`,
    );
  });

  it("written on Windows is read as well", async () => {
    const line = JSON.stringify({ fpath_img: "images\\val/a.jpg", fpath_segm: "labels\\a.png", width: 1, height: 2 });
    expect((await read(`\uFEFF${line}\r\n`))[0]).toMatchObject({
      imagePath: inFolder("images/val/a.jpg"),
      labelPath: inFolder("labels/a.png"),
    });
  });

  it("may name photos without labels", async () => {
    expect((await read('{"fpath_img": "a.jpg", "width": 1, "height": 2}'))[0]!.labelPath).toBeUndefined();
  });

  it.skipIf(!shared("data/camvid/val.odgt"))(`of CamVid is read whole${unlessShared}`, async () => {
    const records = await readOdgt(shared("data/camvid/val.odgt")!);
    expect(records.length).toBe(101);
    expect(records[0]).toEqual({
      imagePath: join(shared("data/camvid")!, "images/val/0016E5_07959.jpg"),
      labelPath: join(shared("data/camvid")!, "annotations/val/0016E5_07959.png"),
      width: 480,
      height: 360,
    });
  });

  it("is refused with the file and line that is wrong", async () => {
    const file = inFolder("list.odgt");
    expect(await refusal(`${good}\n\nimages/a.jpg annotations/a.png`)).toEqual({ file, line: 3 });
    expect(await refusal(`[${good}]`)).toEqual({ file, line: 1 });
    const wrongKey = (key: string) => ({ file, line: 1, key });
    expect(await refusal(good.replace("fpath_img", "image"))).toEqual(wrongKey("fpath_img"));
    expect(await refusal(good.replace('"annotations/a.png"', "5"))).toEqual(wrongKey("fpath_segm"));
    expect(await refusal(good.replace("683", '"683"'))).toEqual(wrongKey("width"));
    expect(await refusal(good.replace("512", "0"))).toEqual(wrongKey("height"));
    expect(await refusal("\n")).toEqual({ file });
  });

  it("is refused in one line that says what is expected there", async () => {
    await expect(read(good.replace("683", '"683"'))).rejects.toThrow(
      `${inFolder("list.odgt")}:1: Expected width to be a positive whole number but received "683": correct the line.`,
    );
  });

  it("is refused when it is missing", async () => {
    await expect(readOdgt(inFolder("none.odgt"))).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("A written odgt list", () => {
  it("holds paths from its root where they lie in it, in MIT's form", async () => {
    const list = inFolder("lists/train.odgt");
    const size = { width: 683, height: 512 };
    const record = { imagePath: inFolder("images/a.jpg"), labelPath: inFolder("annotations/a.png"), ...size };
    await writeOdgt(list, [record, { imagePath: "/elsewhere/b.jpg", labelPath: undefined, ...size }], {
      root: inFolder(""),
    });
    expect((await readFile(list, "utf8")).split("\n").map((line) => line && JSON.parse(line))).toEqual([
      { fpath_img: "images/a.jpg", fpath_segm: "annotations/a.png", ...size },
      { fpath_img: "/elsewhere/b.jpg", ...size },
      "",
    ]);
  });

  it("is refused where it cannot be written", async () => {
    await writeFile(inFolder("file"), "");
    await expect(writeOdgt(inFolder("file/train.odgt"), [])).rejects.toMatchObject({
      code: "unwritable",
      data: { file: inFolder("file/train.odgt") },
    });
  });
});
