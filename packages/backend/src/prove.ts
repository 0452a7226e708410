// Run in a process of its own by setup/prove-addon.ts, which a broken library may take down: prints what the addon named in its
// arguments can do.
import { openAddon } from "./native-addon.ts";
import { firstUnmetNeed } from "./proof/needs.ts";
import type { RawBinding } from "./proof/raw-tensorflow.ts";

const binding = openAddon<RawBinding>(process.argv[2]!);
const answer = {
  tensorflow: binding.TF_Version,
  gpu: binding.isUsingGpuDevice(),
  unmet: firstUnmetNeed(binding),
};
process.stdout.write(`PROOF${JSON.stringify(answer)}\n`);
