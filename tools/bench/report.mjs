import { readFileSync } from "node:fs";

/** The median of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The process's largest resident memory so far, in MB. */
export function resident() {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1000);
  } catch {
    return Math.round(process.resourceUsage().maxRSS / 1000);
  }
}

/** Prints rows as an aligned table; numbers get three digits. */
export function printTable(rows) {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value) => (typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : String(value));
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length)));
  const line = (cells) =>
    cells
      .map((text, i) => text.padEnd(widths[i]))
      .join("  ")
      .trimEnd();
  console.log(line(names));
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const row of rows) console.log(line(names.map((name) => cell(row[name]))));
}
