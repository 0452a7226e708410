import { beginsBeside } from "./beside.ts";

// What a module is wrapped in has these names for it: DataParallel, torch.compile, Lightning's and other training scripts'.
const WRAPPERS = ["module", "_orig_mod", "model", "net", "network"];
// These never name anything else, so they go wherever they stand.
const ANYWHERE = /(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g;
// The halves of a segmentation network in one file, each of which may be wrapped.
const HALVES = ["encoder", "decoder"];

/**
 * Maps the names of a checkpoint's tensors to those that they have in the network itself: prefixes that all of them share and that wrappers
 * are known by are stripped, in any order and number, also within the halves `encoder` and `decoder`. What lies beside the network, such as
 * a criterion's weights, does not count and keeps its name.
 *
 * @param tensors - Names of tensors, which decide.
 * @param others - Further names, which follow them.
 */
export function plainNames(tensors: Iterable<string>, others: Iterable<string> = []): (name: string) => string {
  const plain = new Map<string, Entry>();
  const add = (name: string, decides: boolean) =>
    plain.set(name, { name: name.replace(ANYWHERE, "").replace(/^\./, ""), decides });
  for (const name of others) add(name, false);
  for (const name of tensors) add(name, true);
  for (const before of ["", ...HALVES.map((half) => `${half}.`)]) strip([...plain.values()], before);
  // Names that would become equal stay as they are.
  const counts = new Map<string, number>();
  for (const { name } of plain.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (old) => {
    const name = plain.get(old)?.name ?? old;
    return counts.get(name) === 1 ? name : old;
  };
}

/** A name on its way, and whether it is a tensor's. */
interface Entry {
  name: string;
  readonly decides: boolean;
}

/** Strips wrappers after `before`, in place, for as long as all tensors have one there. */
function strip(entries: readonly Entry[], before: string): void {
  const group = entries.filter(({ name }) => name.startsWith(before) && !beginsBeside(name.slice(before.length)));
  const deciding = group.filter(({ decides }) => decides);
  for (;;) {
    const wrapper = WRAPPERS.find((one) => deciding.every(({ name }) => name.startsWith(`${before}${one}.`)));
    if (deciding.length === 0 || wrapper === undefined) return;
    const whole = `${before}${wrapper}.`;
    for (const entry of group) {
      if (entry.name.startsWith(whole)) entry.name = before + entry.name.slice(whole.length);
    }
  }
}
