import { Command } from "commander";
import type { ServeFlags } from "../actions/serve.ts";
import { backendFlag, INFERENCE_BACKENDS } from "../flags/backend-flag.ts";
import { addConfigFlags, PAIRS } from "../flags/config-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg serve`: an HTTP service. */
export function serveCommand(io: Io): Command {
  const command = new Command("serve")
    .description("serve the page and an HTTP API that segments photos, until it is interrupted")
    .argument(PAIRS, "keys to set, such as DATASET.num_class 11")
    .option("--host <address>", "address to listen on; 127.0.0.1, this machine alone, unless given")
    .option("--port <n>", "port to listen on, 8080 unless given; 0 for any that is free")
    .option(
      "--workers <n>",
      "processes, each with an engine of its own; auto: as many as there are processors, or --gpus",
    )
    .optionsGroup("Engines:")
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(backendFlag(INFERENCE_BACKENDS))
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .optionsGroup("Clients:")
    .option("--allow-host <names...>", "host names that requests may name, beside localhost and its addresses")
    .option("--cors <origins...>", "origins whose pages may ask, such as https://example.org, or *")
    .option("--allow-urls", "fetch photos whose addresses clients name, from public addresses only")
    .option("--allow-private-urls", "the same, from private networks and this machine too")
    .optionsGroup("Limits:")
    .option("--max-megabytes <n>", "most megabytes of a photo's file; 32")
    .option("--max-pixels <n>", "most pixels of a photo; 25 million")
    .option("--timeout <seconds>", "how long a request may take, waiting included; 60")
    .option("--body-timeout <seconds>", "how long a request may take to arrive; 30")
    .option("--queue <n>", "most requests that wait; 64")
    .option("--uploads <n>", "most photos that arrive, or are fetched, at a time; 64")
    .option("--grace <seconds>", "how long requests may take to be finished when it is interrupted; 30")
    .optionsGroup("Output:")
    .option("--json", "print JSON, a line for each thing that happens")
    .option("--quiet", "print nothing but the address, warnings and errors");
  return addConfigFlags(command, { demo: true })
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: ServeFlags) => {
      const { serveUntilEnd } = await import("../actions/serve.ts");
      await serveUntilEnd(pairs, options, io);
    });
}

const EXAMPLES = `
Examples:
  seg serve --demo
  seg serve --id mine --port 0 --workers 2
  seg serve --cfg mobilenetv2dilated-c1_deepsup \\
    --host 0.0.0.0 --allow-host seg.example.org --json
  curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \\
    http://127.0.0.1:8080/v1/segment`;
