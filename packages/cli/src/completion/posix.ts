import type { CompletedCommand, CompletedFlag, CompletionTable, Values } from "./table.ts";

/**
 * The table as functions that bash and zsh read alike. `_seg_values COMMAND WORD` sets what may stand after the word, which is a flag, a key of the
 * configuration, a word, or nothing; it fails where nothing particular may. `_seg_flags COMMAND` prints a line for each flag, `--name:what it does`.
 */
export function posixTable({ commands, flags, keys, keyValues }: CompletionTable): string {
  const places: [place: string, setting: string][] = commands.flatMap((command) => placesOf(command));
  const aliases = commands.flatMap(({ names: [name, ...others] }) =>
    others.length > 0 ? [`    ${others.join("|")}) set -- ${name} "$2" ;;`] : [],
  );
  const ofKeys = Object.entries(keyValues).map(([key, values]): [string, string] => [`*' ${key}'`, setting(values)]);
  return [
    `_seg_keys='${keys.join(" ")}'`,
    `_seg_commands='${commands.flatMap(({ names }) => names).join(" ")}'`,
    "",
    "_seg_values() {",
    "  choices= files= assigns= many=",
    ...(aliases.length > 0 ? ['  case "$1" in', ...aliases, "  esac"] : []),
    // Underscores in flags are dashes.
    `  case "$2" in --*) set -- "$1" "\${2//_/-}" ;; esac`,
    '  case "$1 $2" in',
    ...cases(places),
    ...cases(ofKeys),
    // A key whose values cannot be told.
    `    ${SECTIONS.map((section) => `*' ${section}.'*`).join("|")}) ;;`,
    "    *) return 1 ;;",
    "  esac",
    "}",
    "",
    "_seg_takes_keys() {",
    '  case "$1" in',
    `    ${commands.flatMap(({ names, keys }) => (keys ? names : [])).join("|")}) ;;`,
    "    *) return 1 ;;",
    "  esac",
    "}",
    "",
    "_seg_flags() {",
    '  case "$1" in',
    ...[{ names: ["''"], flags }, ...commands.filter((command) => command.flags.length > 0)].map(
      (command) => `    ${command.names.join("|")}) printf '%s\\n' ${command.flags.flatMap(flagLines).join(" ")} ;;`,
    ),
    "  esac",
    "}",
    "",
    "_seg_about() {",
    `  printf '%s\\n' ${commands.map(({ names, summary }) => quoted(`${names[0]}:${summary}`)).join(" ")}`,
    "}",
  ].join("\n");
}

const SECTIONS = ["DATASET", "MODEL", "TRAIN", "VAL", "TEST"];

function placesOf({ names: [name], flags, values, after }: CompletedCommand): [string, string][] {
  const place = (word: string) => `'${name} ${word}'`;
  return [
    ...flags.flatMap(({ names, values, many }) =>
      values ? names.map((word): [string, string] => [place(word), setting(values, many)]) : [],
    ),
    ...Object.entries(after).map(([word, values]): [string, string] => [place(word), setting(values)]),
    [place(""), setting(values)],
  ];
}

function setting({ words = [], files, assigns }: Values, many = false): string {
  return [
    ...(words.length > 0 ? [`choices='${words.join(" ")}'`] : []),
    ...(files ? [`files=${files}`] : []),
    ...(assigns ? ["assigns=1"] : []),
    ...(many ? ["many=1"] : []),
  ].join(" ");
}

/** One case for all places where the same may stand. */
function cases(places: readonly (readonly [string, string])[]): string[] {
  const bySetting = new Map<string, string[]>();
  for (const [place, setting] of places) bySetting.set(setting, [...(bySetting.get(setting) ?? []), place]);
  return [...bySetting].map(([setting, same]) => `    ${same.join("|")}) ${setting} ;;`);
}

const flagLines = ({ names, summary }: CompletedFlag) => names.map((name) => quoted(`${name}:${summary}`));

/** A word for bash and zsh. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
