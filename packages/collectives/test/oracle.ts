import { bytesOf, numbersOf } from "./ranks/numbers.ts";
import { digest, unequal } from "./ranks/scenarios.ts";

/** What every rank must find in the scenario `results`: sums taken one number at a time, in rank order, rounded after each addition. */
export function expectedResults(size: number, lengths: number[]) {
  return lengths.map((length) => {
    const inputs = Array.from({ length: size }, (_, rank) => numbersOf(rank, length));
    const sum = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      let total = inputs[0]![i]!;
      for (let rank = 1; rank < size; rank++) total = Math.fround(total + inputs[rank]![i]!);
      sum[i] = total;
    }
    const gathered = new Float32Array(size * length);
    for (let i = 0; i < gathered.length; i++) gathered[i] = inputs[Math.floor(i / length)]![i % length]!;
    const root = length % size;
    return { length, root, sum: digest(sum), gathered: digest(gathered), sent: digest(inputs[root]!) };
  });
}

/** What every rank must find in the scenario `bytes`. */
export function expectedBytes(size: number, lengths: number[]) {
  return lengths.map((length) => ({
    length,
    sent: digest(bytesOf(length % size, length)),
    gathered: Array.from({ length: size }, (_, rank) => {
      const bytes = bytesOf(rank, unequal(length, rank, size));
      return [bytes.length, digest(bytes)];
    }),
    isOwn: true,
  }));
}
