// Before the first paint: the colours that the reader chose. Without a choice the system's hold.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // storage is switched off: nothing was chosen
}
document.documentElement.classList.add("js");
