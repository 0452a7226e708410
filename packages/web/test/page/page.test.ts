import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { startBrowser, unlessChromium } from "@seg/testing/browser";
import { decode } from "fast-png";
import { unzipSync } from "fflate";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSite, colorAt, file, grey, vastPng, waitForResult } from "./site.ts";

/** Only a hang takes so long, however busy the machine is. */
const LIMIT = Number(process.env.LIMIT ?? 60_000);

describe.skipIf(unlessChromium)(`the page in Chromium${unlessChromium}`, () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof buildSite>>;
  let server: Awaited<ReturnType<(typeof site)["serve"]>>;
  const faults: string[] = [];

  beforeAll(async () => {
    [browser, site] = await Promise.all([
      startBrowser({ args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] }),
      buildSite(),
    ]);
    server = await site.serve();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await site?.remove();
  });

  /** Opens the page; whatever goes wrong in it, or is asked of elsewhere, fails the test. */
  async function withPage(use: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) {
    const viewport = { width: 1200, height: 800 };
    const context = await browser.newContext({ viewport, serviceWorkers: "block", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT);
    faults.length = 0;
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("dialog", (dialog) => faults.push(`a dialog: ${dialog.message()}`));
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(server.url)) faults.push(request.url());
    });
    try {
      await page.goto(`${server.url}some/where/`);
      await use(page);
      expect(faults).toEqual([]);
    } finally {
      await context.close();
    }
  }
  const add = (page: Page, ...files: ReturnType<typeof file>[]) => page.setInputFiles("#photo-files", files);
  const text = (page: Page, selector: string) => page.locator(selector).textContent();
  const announced = (page: Page, words: string) =>
    page.locator("#live", { hasText: words }).waitFor({ state: "attached" });

  it("loads less than 200 kB gzipped before anything is done, without engine and model", () =>
    withPage(async (page) => {
      await page.waitForLoadState("networkidle");
      const paths = [...new Set(server.requests.map(({ path }) => path))];
      expect(paths).toContain("/some/where/");
      expect(paths.filter((path) => /segmenter|demo|fflate|png/.test(path))).toEqual([]);
      const sizes = paths.map(async (path) => {
        const name = path.replace("/some/where/", "") || "index.html";
        return gzipSync(await readFile(join(site.folder, "page", name))).length;
      });
      expect((await Promise.all(sizes)).reduce((sum, size) => sum + size)).toBeLessThan(200_000);
    }));

  it("segments the demo photo with one click, tells what it shows, by what, and in which time", () =>
    withPage(async (page) => {
      await page.click("#demo");
      await waitForResult(page);
      expect(await text(page, "#photo-name")).toBe("china.jpg");
      expect(await text(page, "#photo-meta")).toBe("640 × 427 · 0.3 megapixels");
      await page.click("#engine summary");
      expect(await text(page, "#engine-name")).toBe("WebAssembly");
      expect(await text(page, "#times")).toMatch(/^Decoding12 msNetwork340 msLabels20 msAll in all/);
      expect(await text(page, "#reasons")).toContain("WebGPU: this browser has none.");
    }));

  it("lists classes by share, and gives picture and result in words", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      const rows = await page.locator(".class").allTextContents();
      expect(rows).toEqual(["sky40 %", "building30 %", "tree15 %", "road10 %", "person5.0 %"]);
      const words = "flat.png: sky 40 %, building 30 %, tree 15 %, road 10 %, person 5.0 %";
      await announced(page, words);
      expect(await page.getAttribute("#stage", "aria-label")).toBe(words);
    }));

  it("lays colours over the photo in the strength of the slider, or their outlines", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      await page.fill("#opacity", "100");
      expect(await colorAt(page, 0.5, 0.2)).toEqual([6, 230, 230]);
      expect(await colorAt(page, 0.5, 0.5)).toEqual([180, 120, 120]);
      await page.fill("#opacity", "0");
      expect(await colorAt(page, 0.5, 0.2)).toEqual([100, 100, 100]);
      await page.fill("#opacity", "50");
      const [red, green] = await colorAt(page, 0.5, 0.2);
      expect(red).toBeGreaterThan(50);
      expect(red).toBeLessThan(56);
      expect(green).toBeGreaterThan(162);
      expect(green).toBeLessThan(168);
      await page.fill("#opacity", "100");
      await page.check("input[value=outline]");
      expect(await colorAt(page, 0.5, 0.2)).toEqual([100, 100, 100]);
      expect(await colorAt(page, 0.5, 0.3975)).toEqual([6, 230, 230]);
      expect(await colorAt(page, 0.5, 0.402)).toEqual([180, 120, 120]);
    }));

  it("lights a class that is hovered or focused, and keeps the one that was clicked", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      await page.fill("#opacity", "0");
      await page.hover(".class >> nth=1");
      expect(await colorAt(page, 0.5, 0.5)).toEqual([100, 100, 100]);
      expect((await colorAt(page, 0.5, 0.2))[0]).toBeLessThan(60);
      await page.mouse.move(400, 300);
      expect(await colorAt(page, 0.5, 0.2)).toEqual([100, 100, 100]);
      await page.click(".class >> nth=0");
      await page.mouse.move(400, 300);
      expect(await colorAt(page, 0.5, 0.2)).toEqual([100, 100, 100]);
      expect((await colorAt(page, 0.5, 0.5))[0]).toBeLessThan(60);
      expect(await page.getAttribute(".class >> nth=0", "aria-pressed")).toBe("true");
      await page.keyboard.press("Escape");
      expect(await page.getAttribute(".class >> nth=0", "aria-pressed")).toBe("false");
    }));

  it("names the class under the pointer, and pins it by a click", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      const box = (await page.locator("#stage").boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      expect(await text(page, "#tip")).toBe("building · 30 %");
      await page.mouse.down();
      await page.mouse.up();
      expect(await page.getAttribute(".class >> nth=1", "aria-pressed")).toBe("true");
      await page.mouse.move(box.x + 4, box.y + 4);
      expect(await page.locator("#tip").isHidden()).toBe(true);
    }));

  it("compares before and after by a divider that is dragged, or moved by arrow keys", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      await page.fill("#opacity", "100");
      await page.locator("#compare").check();
      expect(await colorAt(page, 0.4, 0.2)).toEqual([100, 100, 100]);
      expect(await colorAt(page, 0.6, 0.2)).toEqual([6, 230, 230]);
      await page.focus("#divider");
      for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowLeft");
      expect(await page.getAttribute("#divider", "aria-valuenow")).toBe("30");
      expect(await colorAt(page, 0.4, 0.2)).toEqual([6, 230, 230]);
      const box = (await page.locator("#divider").boundingBox())!;
      await page.mouse.move(box.x + 22, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + 2000, box.y + 40, { steps: 4 });
      await page.mouse.up();
      expect(await page.getAttribute("#divider", "aria-valuenow")).toBe("100");
      expect(await colorAt(page, 0.6, 0.2)).toEqual([100, 100, 100]);
    }));

  it("zooms by buttons, wheel and keys, and a double click fits the picture again", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      const fit = await text(page, "#zoom-fit");
      const changes = async (act: () => Promise<void>) => {
        const before = await text(page, "#zoom-fit");
        await act();
        await page.waitForFunction((old) => document.querySelector("#zoom-fit")?.textContent !== old, before);
      };
      await changes(() => page.click("#zoom-in"));
      await changes(() => page.click("#zoom-out"));
      await page.hover("#stage");
      await changes(() => page.mouse.wheel(0, -300));
      await page.dblclick("#stage");
      expect(await text(page, "#zoom-fit")).toBe(fit);
      await page.focus("#stage");
      await changes(() => page.keyboard.press("+"));
      await changes(() => page.keyboard.press("0"));
      expect(await text(page, "#zoom-fit")).toBe(fit);
    }));

  it("downloads overlay, label map and JSON as the command line writes them, and all photos as a zip", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      const download = async (button: string) => {
        const [saved] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
        return { name: saved.suggestedFilename(), data: await readFile(await saved.path()) };
      };
      const labels = await download("#download-labels");
      expect(labels.name).toBe("flat_labels.png");
      const map = decode(labels.data);
      expect([map.width, map.height, map.channels]).toEqual([200, 100, 1]);
      // Rows 39, 40 and 99 lie in the first, second and last band; files hold index + 1.
      expect([39, 40, 99].map((row) => map.data[row * 200])).toEqual([1, 2, 5]);
      expect(map.palette?.slice(0, 2).map((color) => [...color].slice(0, 3))).toEqual([
        [0, 0, 0],
        [6, 230, 230],
      ]);
      await page.fill("#opacity", "50");
      const overlay = await download("#download-overlay");
      expect(overlay.name).toBe("flat_overlay.png");
      // 100 · 0.5 + 6 · 0.5, and 100 · 0.5 + 230 · 0.5.
      const picture = decode(overlay.data);
      expect([picture.width, picture.height, picture.channels]).toEqual([200, 100, 3]);
      expect([...picture.data.slice(0, 3)]).toEqual([53, 165, 165]);
      const { results, failed } = JSON.parse(String((await download("#download-json")).data));
      expect(failed).toEqual([]);
      expect(results[0]).toMatchObject({
        image: "flat.png",
        width: 200,
        height: 100,
        overlay: overlay.name,
        labels: labels.name,
      });
      expect(results[0].classes[0]).toEqual({ index: 0, name: "sky", share: 0.4, color: [6, 230, 230] });
      await add(page, grey("flat2.png"));
      const names = Object.keys(unzipSync((await download("#download-all")).data)).sort();
      expect(names).toEqual([
        "flat2_labels.png",
        "flat2_overlay.png",
        "flat_labels.png",
        "flat_overlay.png",
        "results.json",
      ]);
    }));

  it("says in one sentence what is wrong with a file, and goes on with the others", () =>
    withPage(async (page) => {
      await add(page, file("notes.txt", Buffer.from("hello"), "text/plain"));
      expect(await text(page, "#notice-text")).toMatch(/^Expected photos or a model’s files but received notes\.txt: /);
      await page.click("#notice-close");
      expect(await page.locator("#notice").isHidden()).toBe(true);
      await add(
        page,
        file("broken.png", Buffer.from("no picture")),
        file("empty.jpg", Buffer.alloc(0)),
        grey("flat.png"),
      );
      await page.locator('.strip-item[data-state="done"]').waitFor();
      expect(await text(page, "#failure-text")).toMatch(/^Expected a photo but the browser cannot read broken\.png: /);
      await page.keyboard.press("n");
      expect(await text(page, "#failure-text")).toMatch(/^Expected a photo but empty\.jpg is empty: /);
      await page.click("#remove");
      await waitForResult(page);
      expect(await page.locator(".strip-item").count()).toBe(2);
    }));

  it("refuses a photo of 200 megapixels before its pixels are decoded", () =>
    withPage(async (page) => {
      await add(page, file("vast.png", vastPng(20_000, 10_000)));
      await page.locator("#failure").waitFor();
      expect(await text(page, "#failure-text")).toBe(
        "Expected a photo of at most 179 megapixels but vast.png has 200 (20000×10000): save it smaller.",
      );
    }));

  it("refuses a photo of more pixels than the model's configuration allows", () =>
    withPage(async (page) => {
      await page.click("#model");
      await page.check("input[value=url]");
      await page.fill("#model-url", `${server.url}small/`);
      await page.click("#model-form [value=use]");
      await add(page, grey("flat.png"));
      await page.locator("#failure").waitFor();
      expect(await text(page, "#failure-text")).toBe(
        "Expected a photo of at most 0.01 megapixels but flat.png has 0.02 (200×100): save it smaller.",
      );
    }));

  it("refuses a file beyond 256 MB without reading it", () =>
    withPage(async (page) => {
      await page.evaluate(() => {
        const part = new Uint8Array(1 << 20);
        const data = new DataTransfer();
        data.items.add(new File(Array(257).fill(part), "long.jpg", { type: "image/jpeg" }));
        window.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
      });
      await page.locator("#failure").waitFor();
      expect(await text(page, "#failure-text")).toBe(
        "Expected a photo of at most 256 MB but long.jpg has 257 MB: save it smaller.",
      );
    }));

  it("tells of a lost worker and of missing memory, and works on", () =>
    withPage(async (page) => {
      await add(page, grey("lost.png"), grey("memory.png"), grey("flat.png"));
      await page.locator('.strip-item[data-state="done"]').waitFor();
      expect(await text(page, "#failure-text")).toMatch(/^The computing part of the page broke off: try again/);
      await page.click("#retry");
      await waitForResult(page);
      expect(await text(page, "#photo-name")).toBe("lost.png");
      await page.keyboard.press("n");
      expect(await text(page, "#failure-text")).toMatch(/^Expected enough memory for this photo/);
    }));

  it("shows how far it is, and cancels", () =>
    withPage(async (page) => {
      await add(page, grey("slow.png"), grey("flat.png"));
      await page.locator("#progress-text", { hasText: "1 of 2 · Segmenting, scale 3 of 5" }).waitFor();
      expect(await page.evaluate(() => document.querySelector("progress")!.value)).toBe(0.4);
      await page.click("#cancel");
      expect(await page.locator("#progress").isHidden()).toBe(true);
      expect(await page.locator('.strip-item[data-state="cancelled"]').count()).toBe(2);
      expect(await text(page, "#failure-text")).toBe("It was cancelled.");
      await page.keyboard.press("n");
      await page.click("#retry");
      await waitForResult(page);
    }));

  it("takes pasted and dropped photos", () =>
    withPage(async (page) => {
      await page.evaluate(async () => {
        const canvas = document.createElement("canvas");
        const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
        const data = new DataTransfer();
        data.items.add(new File([blob!], "pasted.png", { type: "image/png" }));
        window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        const more = new DataTransfer();
        more.items.add(new File([blob!], "dropped.png", { type: "image/png" }));
        window.dispatchEvent(new DragEvent("dragover", { dataTransfer: more, cancelable: true }));
        if (document.querySelector<HTMLElement>("#drop")!.hidden) throw new Error("nothing tells that one may drop");
        window.dispatchEvent(new DragEvent("drop", { dataTransfer: more, cancelable: true }));
      });
      await page.locator('.strip-item[data-state="done"] >> nth=1').waitFor();
      expect(
        await page.locator(".strip-item").evaluateAll((items) => items.map((item) => item.getAttribute("title"))),
      ).toEqual(["pasted.png", "dropped.png"]);
    }));

  it("takes dropped folders, and folders in them, without what the system hides there", () =>
    withPage(async (page) => {
      const folder = await mkdtemp(join(tmpdir(), "seg-"));
      try {
        await mkdir(join(folder, "photos/inner"), { recursive: true });
        await writeFile(join(folder, "photos/flat-a.png"), grey("flat-a.png").buffer);
        await writeFile(join(folder, "photos/inner/flat-b.png"), grey("flat-b.png").buffer);
        await writeFile(join(folder, "photos/.DS_Store"), "x");
        const session = await page.context().newCDPSession(page);
        const data = { items: [], files: [join(folder, "photos")], dragOperationsMask: 1 };
        for (const type of ["dragEnter", "dragOver", "drop"] as const) {
          await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
        }
        await page.locator('.strip-item[data-state="done"] >> nth=1').waitFor();
        const titles = page
          .locator(".strip-item")
          .evaluateAll((items) => items.map((item) => item.getAttribute("title")));
        expect((await titles).sort()).toEqual(["flat-a.png", "flat-b.png"]);
        expect(await page.locator("#notice").isHidden()).toBe(true);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }));

  it("takes a model's folder that is chosen, without the pictures in it", () =>
    withPage(async (page) => {
      const folder = await mkdtemp(join(tmpdir(), "seg-"));
      try {
        for (const name of ["config.yaml", "encoder_best.pth", "decoder_best.pth", "seen.png"]) {
          await writeFile(join(folder, name), "x");
        }
        await page.click("#model");
        await page.check("input[value=files]");
        await page.setInputFiles("#model-folder", folder);
        expect((await text(page, "#model-picked"))!.split(", ").sort()).toEqual([
          "config.yaml",
          "decoder_best.pth",
          "encoder_best.pth",
        ]);
        await page.click("#model-form [value=use]");
        expect(await text(page, "#model-name")).toBe("3 files");
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }));

  it("zooms by two fingers, which pin nothing", () =>
    withPage(
      async (page) => {
        await add(page, grey("flat.png"));
        await waitForResult(page);
        const box = (await page.locator("#stage").boundingBox())!;
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const level = async () => Number.parseInt((await text(page, "#zoom-level"))!, 10);
        const before = await level();
        const session = await page.context().newCDPSession(page);
        const touch = (type: "touchStart" | "touchMove" | "touchEnd", apart?: number) =>
          session.send("Input.dispatchTouchEvent", {
            type,
            touchPoints: apart ? [-1, 1].map((side, id) => ({ x: x + (side * apart) / 2, y, id })) : [],
          });
        await touch("touchStart", 60);
        for (const apart of [80, 100, 120]) await touch("touchMove", apart);
        await touch("touchEnd");
        // Twice as far apart: twice as large.
        expect(Math.abs((await level()) / before - 2)).toBeLessThan(0.03);
        // It was no tap.
        expect(await page.locator(".class[aria-pressed=true]").count()).toBe(0);
      },
      { hasTouch: true },
    ));

  it("takes a shot with the camera, which is off afterwards", () =>
    withPage(
      async (page) => {
        await page.click("#camera");
        const stream = await page.waitForFunction(
          () => document.querySelector<HTMLVideoElement>("#camera-video")!.srcObject,
        );
        await page.locator("#camera-shot:enabled").click();
        await waitForResult(page);
        expect(await text(page, "#photo-name")).toMatch(/^camera-\d{6}\.png$/);
        expect(
          await stream.evaluate((it) => (it as MediaStream).getTracks().map(({ readyState }) => readyState)),
        ).toEqual(["ended"]);
      },
      { permissions: ["camera"] },
    ));

  it("says so where there is no camera, or none is allowed", () =>
    withPage(async (page) => {
      for (const [name, words] of [
        ["NotFoundError", /^There is no camera: /],
        ["NotAllowedError", /^The camera is not allowed here: /],
      ] as const) {
        await page.evaluate((name) => {
          navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name));
        }, name);
        await page.click("#camera");
        await page.locator("#camera-error").waitFor();
        expect(await text(page, "#camera-error")).toMatch(words);
        await page.keyboard.press("Escape");
      }
    }));

  it("takes another model from an address or from files, and other engines; what fails is told", () =>
    withPage(async (page) => {
      await add(page, grey("flat.png"));
      await waitForResult(page);
      await page.click("#model");
      await page.getByText("From an address").click();
      await page.fill("#model-url", "https://models.example/missing/");
      await page.click("#model-use");
      await page.locator("#failure").waitFor();
      expect(await text(page, "#failure-text")).toMatch(
        /^Expected weights at https:\/\/models\.example\/missing\/ but/,
      );
      expect(await text(page, "#model-name")).toBe("missing");
      await page.click("#model");
      await page.getByText("Files of yours").click();
      await page.click("#model-use");
      expect(await text(page, "#model-error")).toMatch(/^Expected a model’s files/);
      await page.setInputFiles("#model-picker", [file("net.onnx", Buffer.from("x"))]);
      await page.selectOption("#model-engine", "webgl");
      await page.click("#model-use");
      await waitForResult(page);
      expect(await text(page, "#model-name")).toBe("net.onnx");
      expect(await text(page, "#engine-name")).toBe("WebGL");
      await add(page, file("a.pth", Buffer.from("x")), file("b.pth", Buffer.from("x")));
      expect(await text(page, "#model-name")).toBe("2 files");
    }));

  it("remembers the theme that was chosen", () =>
    withPage(async (page) => {
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await ground();
      await page.click("#theme");
      const dark = await ground();
      expect(dark).not.toBe(light);
      expect(await page.getAttribute("#theme", "aria-pressed")).toBe("true");
      await page.reload();
      expect(await ground()).toBe(dark);
    }));

  it("works by keyboard alone, and the Tab key passes through everything and out again", () =>
    withPage(async (page) => {
      const tabTo = async (id: string) => {
        for (let i = 0; i < 40; i++) {
          await page.keyboard.press("Tab");
          if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
        }
        throw new Error(`The Tab key never comes to ${id}.`);
      };
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the picture");
      await tabTo("demo");
      await page.keyboard.press("Enter");
      await waitForResult(page);
      await tabTo("stage");
      await page.keyboard.press("ArrowUp");
      expect(await text(page, "#tip")).toMatch(/^building · /);
      await announced(page, "building");
      await page.keyboard.press("Enter");
      await announced(page, "pinned");
      await page.keyboard.press("Escape");
      await page.keyboard.press("b");
      await tabTo("divider");
      await page.keyboard.press("Home");
      expect(await page.getAttribute("#divider", "aria-valuenow")).toBe("0");
      await add(page, grey("flat.png"));
      await page.locator('.strip-item[data-state="done"] >> nth=1').waitFor();
      const strip = page.locator('.strip-item[aria-selected="true"]');
      await strip.focus();
      await page.keyboard.press("ArrowLeft");
      expect(await strip.getAttribute("aria-label")).toBe("china.jpg, done");
      await page.keyboard.press("Delete");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("stage");
      const visited = new Set<string>();
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        const now = await page.evaluate(() => {
          const { activeElement: element } = document;
          if (!element || element === document.body) return "out";
          const { outlineStyle } = getComputedStyle(element);
          // A hidden input shows its focus on what is drawn for it.
          const shows = outlineStyle !== "none" || element.matches("#divider, .segmented input");
          return `${element.id || element.className}${shows ? "" : " without visible focus"}`;
        });
        visited.add(now);
      }
      const places = [...visited];
      expect(places.filter((place) => place.includes("without"))).toEqual([]);
      expect(places).toEqual(
        expect.arrayContaining([
          "skip",
          "model",
          "open",
          "camera",
          "theme",
          "help",
          "stage",
          "zoom-in",
          "opacity",
          "compare",
          "class is-lit",
          "download-json",
        ]),
      );
      await page.keyboard.press("?");
      await page.locator("#help-dialog[open]").waitFor();
      await page.keyboard.press("Escape");
      expect(await page.locator("#help-dialog[open]").count()).toBe(0);
    }));

  it("has no violations that axe knows of, in both themes and at phone width", async () => {
    const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
    for (const [colorScheme, width] of [
      ["light", 1200],
      ["dark", 1200],
      ["light", 320],
      ["dark", 375],
    ] as const) {
      await withPage(
        async (page) => {
          await page.evaluate(axe);
          const check = async (state: string) => {
            const found = await page.evaluate(async () => {
              // @ts-expect-error axe is put into the page.
              const { violations } = await axe.run(document, { resultTypes: ["violations"] });
              return (violations as { id: string; nodes: { html: string; failureSummary: string }[] }[]).map(
                ({ id, nodes }) =>
                  `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`,
              );
            });
            expect(found, `${state}, ${colorScheme}, ${width} pixels`).toEqual([]);
            const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
            expect(inner).toBeLessThanOrEqual(outer!);
          };
          await check("empty");
          await add(page, grey("flat.png"), grey("memory.png"), grey("slow.png"));
          await page.locator("#progress-text", { hasText: "3 of 3 · Segmenting" }).waitFor();
          await page.locator("#compare").check();
          await check("with a result");
          await page.keyboard.press("n");
          await check("with a failure");
          await page.keyboard.press("m");
          await check("with the model's dialog");
          await page.keyboard.press("Escape");
          await page.keyboard.press("?");
          await check("with the keys");
        },
        { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" },
      );
    }
  });

  it("gives everything that is touched at least 44 pixels at phone width", () =>
    withPage(
      async (page) => {
        await add(page, grey("flat.png"), grey("flat2.png"));
        await waitForResult(page);
        const small = await page.evaluate(() =>
          [
            ...document.querySelectorAll<HTMLElement>(
              "button, .switch, .segmented, summary, .strip-item, input[type=range]",
            ),
          ]
            .filter((element) => element.checkVisibility() && !element.closest("dialog"))
            .map((element) => ({ name: element.id || element.className, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
            .map(({ name, box }) => `${name} ${box.width}×${box.height}`),
        );
        expect(small).toEqual([]);
      },
      { viewport: { width: 320, height: 640 }, hasTouch: true },
    ));

  it("opens and segments without a network after the first load", async () => {
    const own = await site.serve();
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT);
      await page.goto(`${own.url}some/where/`);
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await own.close();
      await page.reload();
      await page.click("#demo");
      await waitForResult(page);
      expect(await text(page, "#photo-name")).toBe("china.jpg");
      // A model's bytes come in parts, as a server gives them.
      const part = await page.evaluate(async () => {
        const answer = await fetch("./demo/encoder_epoch_1.safetensors", { headers: { range: "bytes=2-5" } });
        return {
          status: answer.status,
          range: answer.headers.get("content-range"),
          bytes: [...new Uint8Array(await answer.arrayBuffer())],
        };
      });
      const whole = await readFile(join(site.folder, "page/demo/encoder_epoch_1.safetensors"));
      expect(part).toEqual({ status: 206, range: `bytes 2-5/${whole.length}`, bytes: [...whole.subarray(2, 6)] });
    } finally {
      await context.close();
    }
  });
});
