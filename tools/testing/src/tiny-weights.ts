/** A safetensors file of one tensor `weight` of `count` float32 values, all its bytes made of `seed`. */
export function tinyWeights(count = 4, seed = 1): Buffer {
  const size = count * 4;
  const json = JSON.stringify({ weight: { dtype: "F32", shape: [count], data_offsets: [0, size] } });
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  // Small numbers, none of them NaN.
  const values = Float32Array.from({ length: count }, (_, i) => ((i * seed) % 251) / 251);
  return Buffer.concat([length, header, Buffer.from(values.buffer)]);
}
