/** Single keys that act everywhere, but where one types, in dialogs, and with modifiers. */
export function listenToKeys(actions: Readonly<Record<string, () => void>>): void {
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest("dialog, select, textarea, input:not([type=range], [type=radio], [type=checkbox])")) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
