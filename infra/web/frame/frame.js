// The header's switch of colours, and every copy button.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const button = document.querySelector("button.theme");

const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const show = () => button.setAttribute("aria-pressed", String(isDark()));

button.hidden = false;
show();
dark.addEventListener("change", show);
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // holds for this page only
  }
  show();
});

/** `<button data-copy="#id">` copies that element's text and says so for a moment. */
document.addEventListener("click", async ({ target }) => {
  const copying = target.closest?.("button[data-copy]");
  if (!copying) return;
  const text = document.querySelector(copying.dataset.copy).textContent.trim();
  const label = (copying.dataset.label ??= copying.textContent);
  try {
    await navigator.clipboard.writeText(text);
    copying.textContent = "Copied";
  } catch {
    copying.textContent = "Press Ctrl+C";
    getSelection().selectAllChildren(document.querySelector(copying.dataset.copy));
  }
  setTimeout(() => (copying.textContent = label), 1600);
});

// The address in the samples is that of this site.
for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
