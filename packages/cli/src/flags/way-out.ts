import { isOutOfMemory, isSegError } from "@seg/errors";
import { type Command, CommanderError } from "commander";
import { KEY_FLAGS } from "./config-flags.ts";
import { TRAINING_KEY_FLAGS } from "./training-flags.ts";

/**
 * The line of an error with the way out in the command's own words, where it lacks one: which command has a flag, whose help to read,
 * which flag sets the key that the library speaks of.
 *
 * @param command - the one that failed; the program where none was named.
 */
export function withWayOut(line: string, error: unknown, command: Command): string {
  if (error instanceof CommanderError) {
    const way = /Did you mean|Allowed choices/.test(line) ? undefined : wayOutOfUsage(error, command);
    return way ? `${line.replace(/\.$/, "")}: ${way}` : line;
  }
  // Of this process's own memory, where no one could say more.
  if (!isSegError(error) && isOutOfMemory(line) && !line.includes("ulimit")) {
    return `${line.replace(/\.$/, "")}: memory ran out, so do less at a time: smaller sizes, fewer workers, smaller photos.`;
  }
  if (!isSegError(error)) return line;
  const has = (flag: string) => command.options.some(({ long }) => long === flag);
  const { key, url } = error.data as { key?: string; url?: string };
  if (error.code === "engine-unavailable" && has("--backend") && !/seg (setup|doctor)/.test(line)) {
    return `${ended(line)} \`seg doctor\` says what works here; without --backend the fastest of it is taken.`;
  }
  if (error.code === "missing" && url && has("--demo")) {
    return `${ended(line)} Without a network, --demo takes the small model that comes along.`;
  }
  const flag = key && line.includes(key) ? (KEY_FLAGS.get(key) ?? TRAINING_KEY_FLAGS.get(key)) : undefined;
  if (!flag || line.includes(flag) || !has(flag)) return line;
  return `${line.replace(/\.$/, "")} (${key} is ${flag}).`;
}

const ended = (line: string) => (/[.?!…]$/.test(line) ? line : `${line}.`);

function wayOutOfUsage({ code, message }: CommanderError, command: Command): string | undefined {
  const help = `${["seg", command.parent && command.name()].filter(Boolean).join(" ")} --help`;
  switch (code) {
    case "commander.unknownOption": {
      const flag = /'(--?[^'=]+)/.exec(message)?.[1];
      const owners = (command.parent ?? command).commands.filter(({ options }) =>
        options.some(({ long, short }) => flag !== undefined && [long, short].includes(flag)),
      );
      const longer = command.options.flatMap(({ long }) => (flag && long?.startsWith(`${flag}-`) ? [long] : []));
      if (longer.length > 0) return `there are ${longer.join(", ")}`;
      if (owners.length === 0) return `\`${help}\` lists what there is`;
      const names = owners.map((owner) => `seg ${owner.name()}`).join(", ");
      return command.parent ? `it is a flag of ${names}` : `it goes after a command: ${names}`;
    }
    case "commander.unknownCommand":
      return `\`${help}\` lists the commands`;
    case "commander.invalidArgument":
    case "commander.missingArgument":
    case "commander.excessArguments":
    case "commander.optionMissingArgument":
      return `\`${help}\` has examples`;
    default:
      return undefined;
  }
}
