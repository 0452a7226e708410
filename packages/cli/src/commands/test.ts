import { Command } from "commander";
import type { OpenSegmenter, TestOptions } from "../actions/test.ts";
import { backendFlag, INFERENCE_BACKENDS } from "../flags/backend-flag.ts";
import { addConfigFlags, PHOTOS_AND_PAIRS } from "../flags/config-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg test`: segments photos. */
export function testCommand(io: Io, exit: (code: number) => void, open?: OpenSegmenter): Command {
  const command = new Command("test")
    .aliases(["predict", "segment"])
    .description("segment photos: write overlays and label maps, print what they show")
    .argument(PHOTOS_AND_PAIRS, "photos as with --imgs, and keys to set, such as DATASET.num_class 11")
    .option("--imgs <paths...>", "photos, folders of photos, patterns ('photos/*.jpg'), URLs, or - for stdin")
    .option("--legend", "also draw a legend of the classes of each photo")
    .option("--legend-inside", "draw the legend into the overlay's picture instead")
    .option("--side-by-side", "also draw photo and colours side by side, as the original does")
    .option("--masks", "also write a mask for each class of each photo: 255 where it is, else 0")
    .option("--scores", "also write each class's probability at each pixel: float16, [height, width, classes], .npy")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .optionsGroup("Engines:")
    .addOption(backendFlag(INFERENCE_BACKENDS))
    .option("--gpus <list>", "GPUs to use, such as 0 or 0-3,6; the first one does the work")
    .optionsGroup("Output:")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { demo: true })
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], options: TestOptions) => {
      const { test } = await import("../actions/test.ts");
      exit(await test(words, options, io, open));
    });
}

const EXAMPLES = `
Examples:
  seg test --imgs photo.jpg
  seg test --imgs photo.jpg --demo
  seg test --imgs 'photos/*.jpg' --masks --legend-inside
  seg test - --scores < photo.jpg
  seg test --id mine photo.jpg
  seg test --imgs holiday/ --cfg mobilenetv2dilated-c1_deepsup \\
    --img_sizes 450 --result out --legend
  seg test --imgs photo.jpg --cfg my.yaml DATASET.num_class 11 DIR ckpt/mine \\
    TEST.checkpoint epoch_14.pth
  seg test --model_path ckpt/ade20k-resnet50dilated-ppm_deepsup \\
    --test_imgs a.jpg b.jpg \\
    --arch_encoder resnet50dilated --arch_decoder ppm_deepsup`;
