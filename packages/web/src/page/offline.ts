/** Has the browser keep the page's files, once it has nothing more urgent to do, so that it opens without a network. */
export function keepOffline(): void {
  // Where a browser has none (an address without https), the page works as long as there is a network.
  if (!("serviceWorker" in navigator)) return;
  const register = () => navigator.serviceWorker.register("./sw.js", { scope: "./" }).catch(() => {});
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
}
