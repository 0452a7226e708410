/** What a call of a group of MPI ranks takes over a network: the model of packages/data-parallel/SCALING.md. */

/** Assumed: seconds for a first byte, bytes a second, and the seconds in which one message keeps a processor busy. SCALING.md says from where. */
export const NETWORKS = {
  "10 Gb Ethernet, TCP": { latency: 48e-6, bandwidth: 0.95 * 1.25e9, message: 5e-6 },
  "100 Gb Ethernet, TCP": { latency: 10e-6, bandwidth: 0.4 * 12.5e9, message: 5e-6 },
  "100 Gb Ethernet, RoCE": { latency: 1.3e-6, bandwidth: 0.95 * 12.5e9, message: 0.5e-6 },
  "InfiniBand HDR": { latency: 1.2e-6, bandwidth: 24e9, message: 0.5e-6 },
};

/** Numbers in a message that goes with every call over MPI, and its bytes; pieces of longer vectors. */
const FRAME = { numbers: 988, bytes: 3968 };
const CHUNK = 2 ** 22;

/** Bytes from which on Open MPI asks the receiver first (`btl_tcp_eager_limit`): there and back before the message. */
const EAGER = 65_536;

/** Seconds of a call over MPI: a frame from each to each, then parts to whom they belong, and their sums to all. */
export function call({ latency, bandwidth, message }, replicas, numbers, gather = false) {
  const others = replicas - 1;
  const frame = latency + others * Math.max(message, FRAME.bytes / bandwidth);
  if (numbers <= FRAME.numbers) return frame;
  const first = (bytes) => (bytes > EAGER ? 3 : 1) * latency;
  if (gather) return frame + first(4 * numbers) + others * Math.max(message, (4 * numbers) / bandwidth);
  const rounds = 2 * Math.ceil(numbers / CHUNK);
  const part = (4 * Math.min(numbers, CHUNK)) / replicas;
  return frame + rounds * (first(part) + others * message) + (2 * others * 4 * numbers) / replicas / bandwidth;
}
