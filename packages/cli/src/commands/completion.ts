import { Argument, Command } from "commander";
import { SHELLS, type Shell } from "../flags/shells.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg completion`: prints what lets a shell complete commands, flags and their values. */
export function completionCommand(io: Io): Command {
  const command = new Command("completion")
    .description("print what lets a shell complete commands, flags, values and keys")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES);
  return command.action(async (shell: Shell) => {
    const { printCompletion } = await import("../actions/completion.ts");
    printCompletion(shell, command.parent ?? command, io);
  });
}

const EXAMPLES = `
The script calls nothing: make it anew after an update of this package.

Examples:
  seg completion bash >> ~/.bashrc
  seg completion zsh > "\${fpath[1]}/_seg"
  seg completion fish > ~/.config/fish/completions/seg.fish
  seg completion powershell >> $PROFILE`;
