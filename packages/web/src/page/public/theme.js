// Before anything is painted: the theme that was chosen here last.
try {
  const theme = localStorage.getItem("seg-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {}
