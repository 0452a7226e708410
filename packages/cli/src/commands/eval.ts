import { Command } from "commander";
import type { EvalOptions } from "../actions/eval.ts";
import { backendFlag, INFERENCE_BACKENDS } from "../flags/backend-flag.ts";
import { addConfigFlags, PAIRS } from "../flags/config-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg eval`: scores a network on photos whose labels are known. */
export function evalCommand(io: Io): Command {
  const command = new Command("eval")
    .description("score a network on photos whose labels are known: mean IoU, pixel accuracy, and each class's own")
    .argument(PAIRS, "keys to set, such as DATASET.num_class 11")
    .option("--images <folder>", "photos, instead of a list")
    .option("--labels <folder>", "their labels: PNG files of the same names")
    .option(
      "--label-suffix <text>",
      "what labels' names have behind their photos', such as _mask; usual ones are known",
    )
    .option("--multi-scale", "score at all of DATASET.imgSizes and average, not at 450 alone")
    .option("--flip", "also look at each photo's mirror image and average")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .optionsGroup("Engines:")
    .option("--replicas, --workers <n>", "processes, each with an engine of its own; one, or one for each of --gpus")
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(backendFlag(INFERENCE_BACKENDS))
    .optionsGroup("Output:")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true, demo: true })
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: EvalOptions) => {
      const { score } = await import("../actions/eval.ts");
      await score(pairs, options, io);
    });
}

const EXAMPLES = `
Without --sizes or --multi-scale, photos are scored at a short side of 450.
Results are also written to --result, ./result unless given: evaluation.json,
confusion.png, and with --visualize a picture of each photo: truth, prediction,
where it is wrong, scores and a legend.

Examples:
  seg eval --id mine
  seg eval --cfg resnet50dilated-ppm_deepsup --gpus 0-3
  seg eval --cfg my.yaml --list-val data/val.odgt --sizes 360 --workers 2 \\
    DATASET.num_class 11 VAL.checkpoint epoch_14.pth
  seg eval --cfg my.yaml --images photos/ --labels labels/ \\
    --multi-scale --flip --visualize
  seg eval --id ade20k-resnet18dilated-ppm_deepsup --suffix _epoch_20.pth \\
    --arch_encoder resnet18dilated --arch_decoder ppm_deepsup`;
