import { printable } from "@seg/errors";

/** Lines of a table with aligned columns, two spaces apart. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  // Escaped before they are measured.
  const cells = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
