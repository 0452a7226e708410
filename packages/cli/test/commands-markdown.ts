import type { Argument, Command, Option } from "commander";

/** COMMANDS.md: all commands with their flags, of the declarations that help is made of. */
export function commandsMarkdown(program: Command): string {
  const commands = program.commands.map(commandMarkdown);
  const contents = program.commands.map(
    (command) => `- [\`seg ${command.name()}\`](#seg-${command.name()}): ${cell(command.description())}`,
  );
  return [
    "# The commands of seg",
    "What `seg COMMAND --help` says, on one page. It is made of the commands' declarations: `npm test -- --project cli commands-markdown -u` writes it.",
    contents.join("\n"),
    ...commands,
  ]
    .join("\n\n")
    .concat("\n");
}

function commandMarkdown(command: Command): string {
  const help = command.createHelp();
  const groups = new Map<string, Option[]>();
  for (const option of help.visibleOptions(command)) {
    // Every command has it.
    if (option.long === "--help") continue;
    const group = option.helpGroupHeading ?? "Options:";
    groups.set(group, [...(groups.get(group) ?? []), option]);
  }
  const given = command.registeredArguments;
  const names = [command.name(), ...command.aliases()].map((name) => `\`seg ${name}\``);
  const { notes, examples } = afterHelp(command);
  return [
    `## seg ${command.name()}`,
    `${names.join(", also ")}: ${command.description()}.`,
    fenced(`seg ${command.name()} ${command.usage()}`),
    ...(given.length > 0
      ? [
          table(
            "argument",
            given.map((argument) => [argumentTerm(argument), help.argumentDescription(argument)]),
          ),
        ]
      : []),
    ...[...groups].map(([group, options]) =>
      table(
        group.replace(/:$/, "").toLowerCase(),
        options.map((option) => [option.flags, help.optionDescription(option)]),
      ),
    ),
    ...notes,
    ...(examples ? [fenced(examples)] : []),
  ].join("\n\n");
}

const argumentTerm = (argument: Argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`);

/** What stands below the flags in a command's help: paragraphs, then examples. */
function afterHelp(command: Command): { notes: string[]; examples: string } {
  let text = "";
  const { writeOut, ...output } = command.configureOutput();
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput({ ...output, ...(writeOut && { writeOut }) });
  const below = text.slice(command.helpInformation().length);
  const [notes = "", examples = ""] = below.split(/^Examples:\n/m);
  return {
    notes: notes
      .split("\n\n")
      .map((note) => note.trim().replaceAll("\n", " "))
      .filter(Boolean),
    examples: examples.replace(/^ {2}/gm, "").trim(),
  };
}

function table(head: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, meaning]) => `| \`${name.replaceAll("|", "\\|")}\` | ${cell(meaning)} |`);
  return [`| ${head} | |`, "|---|---|", ...lines].join("\n");
}

const cell = (text: string) => text.replace(/[|<]/g, "\\$&");
const fenced = (text: string) => `\`\`\`sh\n${text}\n\`\`\``;
