import type { Command } from "commander";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { powershellScript } from "../completion/powershell.ts";
import { type CompletionTable, completionTable } from "../completion/table.ts";
import { zshScript } from "../completion/zsh.ts";
import type { Shell } from "../flags/shells.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

const SCRIPTS: Readonly<Record<Shell, (table: CompletionTable) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** Does what `seg completion` is asked to. */
export function printCompletion(shell: Shell, program: Command, io: Io): void {
  new Terminal(io).write("stdout", SCRIPTS[shell](completionTable(program)));
}
