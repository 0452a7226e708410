import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOdgt } from "@seg/ade20k-data";
import {
  fileServer,
  loginPage,
  madeUpAde20k,
  serve,
  status,
  temporaryFolder,
  tinyWeights,
  zipOf,
} from "@seg/testing/node";
import { expect, it } from "vitest";
import { isUnfinished } from "../../../pipeline/src/dataset/ade20k.ts";
import { downloadCommand } from "../../src/commands/download.ts";
import { runSeg } from "../run-seg.ts";

const BACKOFF = 1;
const seg = (argv: string[], around: Parameters<typeof runSeg>[1] = {}) =>
  runSeg(["download", ...argv], { ...around, commands: [(io, exit) => downloadCommand(io, exit, BACKOFF)] });

it("gets ADE20K in MIT's layout, continuing a broken download, and does nothing the second time", async () => {
  const zip = await zipOf(await madeUpAde20k());
  const server = await fileServer(serve(zip, { breakAfter: 500 }), serve(zip));
  const dir = join(temporaryFolder(), "data");
  const command = ["ade20k", "--dir", dir, "--url", `${server.address}/ade.zip`];

  const first = await seg(command);
  expect(first).toMatchObject({
    code: 0,
    stdout: `${join(dir, "training.odgt")}: 3 photos\n${join(dir, "validation.odgt")}: 1 photos\n`,
  });
  expect(server.requests).toHaveLength(2);
  expect(await readOdgt(join(dir, "training.odgt"))).toEqual(
    [1, 2, 3].map((n) => ({
      imagePath: join(dir, `ADEChallengeData2016/images/training/ADE_train_0000000${n}.jpg`),
      labelPath: join(dir, `ADEChallengeData2016/annotations/training/ADE_train_0000000${n}.png`),
      width: n === 2 ? 4 : 6,
      height: n === 2 ? 6 : 4,
    })),
  );
  expect(JSON.parse(readFileSync(join(dir, "validation.odgt"), "utf8"))).toEqual({
    fpath_img: "ADEChallengeData2016/images/validation/ADE_val_00000001.jpg",
    fpath_segm: "ADEChallengeData2016/annotations/validation/ADE_val_00000001.png",
    width: 6,
    height: 4,
  });

  rmSync(join(dir, "ADEChallengeData2016.zip"));
  const second = await seg([...command, "--json"]);
  expect(second.code).toBe(0);
  expect(JSON.parse(second.stdout)).toEqual({
    training: { list: join(dir, "training.odgt"), photos: 3 },
    validation: { list: join(dir, "validation.odgt"), photos: 1 },
  });
  expect(server.requests).toHaveLength(2);
});

it("takes a zip that is here already, and brings back what was lost", async () => {
  const folder = temporaryFolder({ "mine.zip": await zipOf(await madeUpAde20k()) });
  const dir = join(folder, "data");
  const command = ["ade20k", "--dir", dir, "--from", join(folder, "mine.zip"), "--quiet"];
  expect(await seg(command)).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(dir).sort()).toEqual(["ADEChallengeData2016", "training.odgt", "validation.odgt"]);
  const lost = join(dir, "ADEChallengeData2016/images/training/ADE_train_00000002.jpg");
  rmSync(lost);
  expect(await seg(command)).toMatchObject({ code: 0 });
  expect(existsSync(lost)).toBe(true);
});

it("says that an archive, or a folder, is the full ADE20K data set, and which one is meant", async () => {
  const files = {
    "ADE20K_2021_17_01/index_ade20k.pkl": "",
    "ADE20K_2021_17_01/images/ADE/training/work_place/bakery/ADE_train_00000001_seg.png": "",
  };
  const renamed = { "data/ADE_val_00000001.jpg": "", "data/ADE_val_00000001_seg.png": "" };
  const folder = temporaryFolder({ "a.zip": await zipOf(files), "b.zip": await zipOf(renamed) });
  mkdirSync(join(folder, "ADE20K_2016_07_26", "images"), { recursive: true });
  mkdirSync(join(folder, "other"));
  for (const from of ["a.zip", "b.zip", "ADE20K_2016_07_26"]) {
    const { code, stderr } = await seg(["ade20k", "--dir", join(folder, "data"), "--from", join(folder, from)]);
    expect(code, from).toBe(3);
    expect(stderr, from).toMatch(/the full ADE20K data set.*ADEChallengeData2016/);
    expect(stderr.trim().split("\n").at(-1), from).toMatch(/^error: /);
  }
  const other = await seg(["ade20k", "--dir", join(folder, "data"), "--from", join(folder, "other")]);
  expect(other).toMatchObject({ code: 3, stderr: expect.stringMatching(/ADEChallengeData2016.zip .*it is a folder/) });
  expect(readdirSync(join(folder, "data"))).toEqual([]);
});

it("says how to go on where the server cannot be reached, with exit code 3", async () => {
  const dir = temporaryFolder();
  const answer = async (...answers: Parameters<typeof fileServer>) => {
    const { address } = await fileServer(...answers);
    return { address, ...(await seg(["ade20k", "--dir", dir, "--url", `${address}/ade.zip`, "--quiet"])) };
  };
  const unknown = await answer(status(404));
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain(`${unknown.address}/ade.zip did not give it (the server answered 404 Not Found)`);
  expect(unknown.stderr).toContain(`put it to ${join(dir, "ADEChallengeData2016.zip")}, or name it by --from.`);
  expect((await answer(status(503))).stderr).toContain("503");
  expect((await answer(loginPage())).stderr).toContain("a web page came");
  expect((await answer(serve(Buffer.from("no zip")))).stderr).toContain("no zip file");

  // As the message says.
  writeFileSync(join(dir, "ADEChallengeData2016.zip"), await zipOf(await madeUpAde20k()));
  expect(await answer(status(404))).toMatchObject({ code: 0 });
});

it("tells a zip that is damaged, missing, or another one", async () => {
  const whole = await zipOf(await madeUpAde20k());
  const folder = temporaryFolder({ "cut.zip": whole.subarray(0, 2000), "other.zip": await zipOf({ "a.txt": "a" }) });
  const from = (name: string) => seg(["ade20k", "--dir", join(folder, "data"), "--from", join(folder, name)]);
  expect(await from("cut.zip")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cut\.zip is not \(.*\): get it again, or name another one by --from\./),
  });
  expect(await from("none.zip")).toMatchObject({ code: 3, stderr: expect.stringContaining("none.zip") });
  expect(await from("other.zip")).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/images\/training .* in .*other\.zip/),
  });
});

it("does not touch the lists of another data set", async () => {
  const mine = '{"fpath_img": "a.jpg", "fpath_segm": "a.png", "width": 6, "height": 4}\n';
  const dir = temporaryFolder({ "training.odgt": mine, "data.zip": await zipOf(await madeUpAde20k()) });
  const { code, stderr } = await seg(["ade20k", "--dir", dir, "--from", join(dir, "data.zip")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/training\.odgt .* not ADE20K's: move it, or name another folder/);
  expect(readFileSync(join(dir, "training.odgt"), "utf8")).toBe(mine);
});

it("ends with 130 when interrupted, and finishes when run again", async () => {
  const zip = await zipOf(await madeUpAde20k());
  const stop = new AbortController();
  const { address } = await fileServer((request, response) => {
    serve(zip, { breakAfter: 700 })(request, response);
    setTimeout(() => stop.abort(), 10);
  }, serve(zip));
  const command = ["ade20k", "--dir", temporaryFolder(), "--url", address];
  expect(await seg(command, { signal: stop.signal })).toMatchObject({ code: 130, stdout: "" });
  expect(await seg(command)).toMatchObject({ code: 0, stdout: expect.stringContaining("3 photos") });
});

it("gets a model's weights into the cache and says where they are", async () => {
  const { address, requests } = await fileServer(serve(tinyWeights()));
  const cache = temporaryFolder();
  const env = { XDG_CACHE_HOME: cache };
  const { code, stdout } = await seg(["weights", "resnet18dilated-ppm_deepsup", "--mirror", address], { env });
  const model = "ade20k-resnet18dilated-ppm_deepsup";
  const files = ["encoder", "decoder"].map((half) => join(cache, `seg/weights/${model}/${half}_epoch_20.pth`));
  expect({ code, stdout }).toEqual({ code: 0, stdout: files.map((file) => `${file}\n`).join("") });
  expect(requests.map(({ url }) => url)).toEqual([`/${model}/encoder_epoch_20.pth`, `/${model}/decoder_epoch_20.pth`]);
  const again = await seg(["weights", "resnet18dilated-ppm_deepsup", "--mirror", address, "--json"], { env });
  expect(JSON.parse(again.stdout)).toEqual({ encoder: files[0], decoder: files[1] });
  expect(requests).toHaveLength(2);
});

it("brings nothing but photos, labels and two lists, whatever else a zip holds", async () => {
  const strange = { ".npmrc": "a", "node_modules/a/index.js": "a", "ADEChallengeData2016/images/training/a.sh": "a" };
  const folder = temporaryFolder({ "mine.zip": await zipOf({ ...(await madeUpAde20k()), ...strange }) });
  const dir = join(folder, "data");
  expect(await seg(["ade20k", "--dir", dir, "--from", join(folder, "mine.zip")])).toMatchObject({ code: 0 });
  const files = readdirSync(dir, { recursive: true }).map(String);
  expect(files.filter((file) => /npmrc|node_modules|\.sh|unfinished/.test(file))).toEqual([]);
  expect(files).toHaveLength(18);
});

it("fetches a zip anew that does not open, once, and keeps none that does not", async () => {
  const whole = await zipOf(await madeUpAde20k());
  const dir = temporaryFolder({ "ADEChallengeData2016.zip": whole.subarray(0, 900) });
  const server = await fileServer(serve(whole.subarray(0, 1200)), serve(whole));
  const command = ["ade20k", "--dir", dir, "--url", `${server.address}/ade.zip`];
  const first = await seg(command);
  expect(first).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/no whole zip file \(.*\): downloading it again/),
  });
  expect(first.stderr).toMatch(/what came is no zip file that can be unpacked/);
  expect(await seg(command)).toMatchObject({ code: 0 });
  expect(server.requests).toHaveLength(2);
});

it("an unpacking that was interrupted is never taken for the whole data set", async () => {
  const damaged = Buffer.from(await zipOf(await madeUpAde20k(), { compress: false }));
  const last = damaged.lastIndexOf("IEND", damaged.lastIndexOf(Buffer.from("PK\x01\x02")));
  damaged[last - 6]! ^= 1;
  const folder = temporaryFolder({ "cut.zip": damaged, "whole.zip": await zipOf(await madeUpAde20k()) });
  const dir = join(folder, "data");
  const from = (name: string) => seg(["ade20k", "--dir", dir, "--from", join(folder, name)]);
  expect(await from("cut.zip")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("does not match its checksum"),
  });
  expect(isUnfinished(dir)).toBe(true);
  expect(await from("whole.zip")).toMatchObject({ code: 0 });
  expect(isUnfinished(dir)).toBe(false);
});

it("shows no secret of an address, and writes none", async () => {
  const { address } = await fileServer(status(404));
  const dir = temporaryFolder();
  const url = `${address.replace("//", "//ann:pass-word@")}/ade.zip?X-Amz-Signature=secret#secret`;
  const { code, stdout, stderr } = await seg(["ade20k", "--dir", dir, "--url", url]);
  expect(code).toBe(3);
  expect(stderr).toContain(`${address}/ade.zip?…`);
  expect(stdout + stderr + readdirSync(dir).join()).not.toMatch(/pass-word|secret/);
});

it.each(["/proc/1", "/proc/nope", "/dev/null"])(
  "says what to do where the cache cannot be made, in %s",
  async (cache) => {
    const { code, stderr } = await seg(["weights", "resnet18dilated-ppm_deepsup", "--mirror", "http://127.0.0.1:9"], {
      env: { XDG_CACHE_HOME: cache },
    });
    expect(code).toBe(1);
    expect(stderr.trim()).toMatch(/^error: Expected to write \/.* XDG_CACHE_HOME to a folder of your own\.$/);
  },
);

it("refuses what it does not know, with exit code 2", async () => {
  expect(await seg(["imagenet"])).toMatchObject({ code: 2, stderr: expect.stringContaining("ade20k, weights") });
  expect(await seg([])).toMatchObject({ code: 2 });
  expect(await seg(["weights"])).toMatchObject({ code: 2, stderr: expect.stringContaining("seg config --list") });
  expect(await seg(["ade20k", "data"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--dir") });
  expect(await seg(["weights", "resnet19"])).toMatchObject({ code: 2 });
});
