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
  const shared = sharedStart(group.filter(({ decides }) => decides).map(({ name }) => name));
  const wrappers: string[] = [];
  for (let at = before.length; ; at += wrappers.at(-1)!.length) {
    const wrapper = WRAPPERS.find((one) => shared.startsWith(`${one}.`, at));
    if (wrapper === undefined) break;
    wrappers.push(`${wrapper}.`);
  }
  if (wrappers.length === 0) return;
  for (const entry of group) {
    let at = before.length;
    for (const wrapper of wrappers) if (entry.name.startsWith(wrapper, at)) at += wrapper.length;
    entry.name = before + entry.name.slice(at);
  }
}

/** What all names begin with; nothing where there are none. */
function sharedStart([first = "", ...names]: readonly string[]): string {
  let length = first.length;
  for (const name of names) {
    let same = 0;
    while (same < length && name[same] === first[same]) same++;
    length = same;
  }
  return first.slice(0, length);
}
