import { type Command, Help } from "commander";

/** Columns of help. */
export const HELP_WIDTH = 80;

/** Columns of the names beside which their meaning stands; that of longer ones stands below. */
const NAMES_WIDTH = 26;

/** How commander writes help. */
export const HELP: Partial<Help> = {
  // What a command takes is in its own help.
  subcommandTerm: (command: Command) => command.name(),
  padWidth: (command: Command, help: Help) => Math.min(NAMES_WIDTH, Help.prototype.padWidth.call(help, command, help)),
  formatItem(term: string, width: number, description: string, help: Help): string {
    const item = (name: string) => Help.prototype.formatItem.call(help, name, width, description, help);
    if (term.length <= width || !description) return item(term);
    return `${Help.prototype.formatItem.call(help, term, width, "", help)}\n${item("")}`;
  },
};
