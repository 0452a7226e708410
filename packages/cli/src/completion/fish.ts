import type { CompletedCommand, CompletedFlag, CompletionTable, Values } from "./table.ts";

/** Completion for fish. */
export function fishScript({ commands, flags, keys, keyValues }: CompletionTable): string {
  const taking = commands.flatMap(({ names, keys }) => (keys ? names : []));
  return [
    FISH,
    `set -g __seg_keys ${keys.join(" ")}`,
    `set -g __seg_assigned ${Object.entries(keyValues)
      .flatMap(([key, { words = [] }]) => words.map((word) => `${key}=${word}`))
      .join(" ")}`,
    "",
    "complete -c seg -f",
    ...flags.map((flag) => `complete -c seg -n 'not __seg_command' ${flagOf(flag)}`),
    ...commands.map(
      ({ names, summary }) => `complete -c seg -n '__seg_first' -a ${quoted(names.join(" "))} -d ${quoted(summary)}`,
    ),
    ...commands.flatMap(linesOf),
    `complete -c seg -n '__seg_free ${taking.join(" ")}; and __seg_key' -a '$__seg_keys'`,
    ...Object.entries(keyValues).map(
      ([key, values]) => `complete -c seg -n '__seg_is ${taking.join(" ")}; and __seg_after ${key}' ${given(values)}`,
    ),
    "",
  ].join("\n");
}

function linesOf({ names, flags, values, after, keys }: CompletedCommand): string[] {
  const is = `__seg_is ${names.join(" ")}`;
  // Of words that have others after them, one is enough.
  const said = Object.keys(after).length > 0 ? `; and not __seg_after ${(values.words ?? []).join(" ")}` : "";
  const free = `__seg_free ${names.join(" ")}${said}`;
  const onlyKeys = keys && !values.words && !values.files;
  const lists = flags.filter(({ many, values }) => many && (values?.files || values?.words));
  const inLists = lists.map(({ names }) => `; and not __seg_within ${names.join(" ")}`).join("");
  return [
    ...flags.map((flag) => `complete -c seg -n '${is}' ${flagOf(flag)}`),
    ...lists.map(
      ({ names, values = {} }) => `complete -c seg -n '${free}; and __seg_within ${names.join(" ")}' ${given(values)}`,
    ),
    ...(values.words || values.files ? [`complete -c seg -n '${free}' ${given(values)}`] : []),
    ...(onlyKeys ? [`complete -c seg -n '${free}${inLists}' -a '$__seg_keys'`] : []),
    ...Object.entries(after).map(
      ([word, values]) => `complete -c seg -n '${is}; and __seg_after ${word}' ${given(values)}`,
    ),
  ];
}

function flagOf({ names, summary, values }: CompletedFlag): string {
  const spelled = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...spelled, ...(values ? ["-r", given(values)] : []), `-d ${quoted(summary)}`].filter(Boolean).join(" ");
}

function given({ words = [], files, assigns }: Values): string {
  if (assigns) return "-f -a '(__seg_assignments)'";
  const choices = words.join(" ");
  if (files === "folder") return "-f -a '(__fish_complete_directories)'";
  return [files ? "-F" : "-f", choices && `-a '${choices}'`].filter(Boolean).join(" ");
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;

const FISH = `# Completion of seg for fish.
function __seg_command
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

# Whether a command may stand here: there is none yet, and no flag after which nothing comes.
function __seg_first
    not __seg_command >/dev/null; and not string match -qr -- '^(-h|--help|-V|--version)$' (commandline -opc)
end

# Whether the command is one of these.
function __seg_is
    contains -- (__seg_command) $argv
end

# Whether the word before is one of these.
function __seg_after
    contains -- (commandline -opc)[-1] $argv
end

# Whether the last flag is one of these: it takes more values.
function __seg_within
    set -l flags (string match -- '-*' (commandline -opc))
    contains -- "$flags[-1]" $argv
end

# Keys with their =, and with their values where the = stands.
function __seg_assignments
    if string match -qr -- '^(--set=)?[A-Z][^=]*=' (commandline -ct)
        printf '%s\\n' $__seg_assigned
    else
        printf '%s=\\n' $__seg_keys
    end
end

# Whether the command is one of these, and no key waits for its value.
function __seg_free
    __seg_is $argv; and not __seg_after $__seg_keys
end

# Whether a key begins here.
function __seg_key
    string match -qr '^[A-Z]' -- (commandline -ct)
end
`;
