/**
 * What a person sends again who does not want to wait. Others come twice by themselves: a closed terminal's signal from the system and from
 * the shell, that of a time limit each second.
 */
export const IMPATIENT = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK"] as const;

/** Milliseconds within which a signal that comes twice was sent once: npm passes Ctrl-C on to commands that the terminal told already. */
export const SAME_MS = 200;
