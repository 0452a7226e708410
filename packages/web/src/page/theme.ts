import { byId } from "./element.ts";

/** The switch between dark and light: the system's choice until one is made here, which is remembered. */
export function theme(): () => void {
  const button = byId<HTMLButtonElement>("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    button.ariaPressed = String(isDark());
  };
  const change = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("seg-theme", root.dataset.theme);
    } catch {
      // Then it holds until the page is left.
    }
    show();
  };
  button.addEventListener("click", change);
  system.addEventListener("change", show);
  show();
  return change;
}
