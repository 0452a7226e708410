/** What a worker whose GPU is taken away runs first: told by the channel `lose` of a function, it loses the GPU after so many calls of that. */

/** The worker's first module: what it loses, it loses once, after `armed` was told by the channel `lose`. */
export const losing = `
let left = Infinity;
const losses = [];
const channel = new BroadcastChannel("lose");
const count = () => { if (--left === 0) for (const lose of losses) lose(); };
channel.onmessage = ({ data: { of, call } }) => {
  if (!of) return;
  left = call;
  const [type, name] = of.split(".");
  const { prototype } = globalThis[type];
  const own = prototype[name];
  prototype[name] = function (...rest) {
    const result = own.apply(this, rest);
    count();
    return result;
  };
  channel.postMessage("armed");
};
const { getContext } = OffscreenCanvas.prototype;
OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
  const context = getContext.call(this, kind, ...rest);
  if (context && /webgl/.test(kind)) losses.push(() => context.getExtension("WEBGL_lose_context").loseContext());
  return context;
};
if (globalThis.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...rest) {
    const device = await requestDevice.apply(this, rest);
    losses.push(() => device.destroy());
    return device;
  };
}
`;
