// Keeps the page for offline use. The build puts in the names of its files and a version made of their contents.
const VERSION = "__VERSION__";
const FILES = __FILES__;
const PREFIX = `seg-page ${self.registration.scope} `;
const NAME = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  // Never from the HTTP cache: files of one version belong together.
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(fresh))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  // Models from elsewhere, and a service beside the page, are none of its business.
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request.mode === "navigate" ? "./" : request, {
    ignoreSearch: request.mode === "navigate",
  });
  if (kept) return request.headers.has("range") ? part(kept, request.headers.get("range")) : kept;
  const response = await fetch(request);
  // Files too large to be kept in advance are kept once they were needed: their names tell their contents.
  if (response.status === 200 && new URL(request.url).pathname.includes("/assets/")) {
    await cache.put(request, response.clone()).catch(() => {});
  }
  return response;
}

// Bytes first to last of a kept file, as a server gives them.
async function part(response, range) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (first === undefined) return response;
  const body = await response.blob();
  const end = Math.min(body.size, last === "" ? body.size : Number(last) + 1);
  if (Number(first) >= end)
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${body.size}` } });
  return new Response(body.slice(Number(first), end), {
    status: 206,
    headers: {
      "content-type": body.type,
      "content-length": String(end - Number(first)),
      "content-range": `bytes ${first}-${end - 1}/${body.size}`,
    },
  });
}
