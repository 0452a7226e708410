import type { CompletedCommand, CompletionTable, Values } from "./table.ts";

/** Completion for PowerShell 5 and newer. */
export function powershellScript({ commands, flags, keys, keyValues }: CompletionTable): string {
  return [
    "# Completion of seg for PowerShell.",
    "Register-ArgumentCompleter -Native -CommandName seg -ScriptBlock {",
    "  param($current, $ast, $position)",
    `  $keys = ${list(keys)}`,
    "  $about = [ordered]@{",
    ...commands.flatMap(({ names, summary }) => names.map((name) => `    ${quoted(name)} = ${quoted(summary)}`)),
    "  }",
    "  $flags = @{",
    ...[{ names: [""], flags }, ...commands].flatMap(({ names, flags }) =>
      names.map((name) => {
        const lines = flags.flatMap((flag) =>
          flag.names.map((word) => `      ${quoted(word)} = ${quoted(flag.summary)}`),
        );
        return [`    ${quoted(name)} = [ordered]@{`, ...lines, "    }"].join("\n");
      }),
    ),
    "  }",
    "  # What may stand after a word of a command; with * after any word of the flag's values.",
    "  $values = @{",
    ...commands.flatMap(placesOf),
    ...Object.entries(keyValues).map(([key, values]) => `    ${quoted(key)} = ${list(wordsOf(values))}`),
    "  }",
    `  $takesKeys = ${list(commands.flatMap(({ names, keys }) => (keys ? names : [])))}`,
    `  $onlyKeys = ${list(commands.flatMap(({ names, keys, values }) => (keys && !values.files ? names : [])))}`,
    POWERSHELL,
  ].join("\n");
}

function placesOf({ names, flags, values, after }: CompletedCommand): string[] {
  return names.flatMap((name) => {
    const line = (word: string, values: Values, many = false) =>
      `    ${quoted(`${name} ${word}${many ? "*" : ""}`)} = ${list(wordsOf(values))}`;
    return [
      ...flags.flatMap(({ names, values, many }) => (values ? names.map((word) => line(word, values, many)) : [])),
      ...Object.entries(after).map(([word, values]) => line(word, values)),
      line("", values),
    ];
  });
}

const wordsOf = ({ words = [], assigns }: Values) => (assigns ? ["KEY="] : words);
const list = (words: readonly string[]) => `@(${words.map(quoted).join(", ")})`;
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

// Where nothing is given, PowerShell completes files.
const POWERSHELL = `  $before = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.Extent.Text } | ForEach-Object { if ($_.StartsWith('--')) { $_.Replace('_', '-') } else { $_ } })
  $command = @($before | Where-Object { -not $_.StartsWith('-') }) | Select-Object -First 1
  $complete = {
    param($word, $summary)
    if ($word -like "$current*") {
      $text = if ($summary) { $summary } else { $word }
      [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
    }
  }
  if ($current.StartsWith('-')) {
    $current = $current.Replace('_', '-')
    $known = $flags["$command"]
    if ($known) { foreach ($flag in $known.Keys) { & $complete $flag $known[$flag] } }
    return
  }
  if (-not $command) {
    # Nothing comes after these.
    if ($before | Where-Object { $_ -cmatch '^(-h|--help|-V|--version)$' }) { return }
    foreach ($name in $about.Keys) { & $complete $name $about[$name] }
    return
  }
  $last = $before[-1]
  $flag = @($before | Where-Object { $_.StartsWith('-') }) | Select-Object -Last 1
  $place = @("$command $last", "$command $last*", "$command $flag*", $last) | Where-Object { $values.ContainsKey($_) } | Select-Object -First 1
  if (-not $place) { $place = "$command " }
  $words = @($values[$place])
  $free = $last -ne $flag -and ($place -eq "$command " -or $place.EndsWith('*'))
  if ($words -contains 'KEY=') {
    $words = @($keys | ForEach-Object { "$_=" })
  } elseif ($free -and (($takesKeys -contains $command -and $current -cmatch '^[A-Z]') -or $onlyKeys -contains $command)) {
    $words += $keys
  }
  foreach ($word in $words) { & $complete $word }
}
`;
