// The entry point of the process of setup/prove-addon.ts, which a broken library may crash: prints the result of the proof of the addon named in its
// arguments.
import { openAddon } from "./native-addon.ts";
import type { RawBinding } from "./proof/raw-tensorflow.ts";
import { firstFailingOp } from "./proof/required-ops.ts";

const binding = openAddon<RawBinding>(process.argv[2]!);
const answer = {
  tensorflow: binding.TF_Version,
  gpu: binding.isUsingGpuDevice(),
  unmet: firstFailingOp(binding),
};
process.stdout.write(`PROOF${JSON.stringify(answer)}\n`);
