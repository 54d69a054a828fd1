// Samples as tabs (arrow keys, Home, End; the language is remembered), and where in the page one is.

const KEY = "language";
const tabs = [...document.querySelectorAll('.tabs [role="tab"]')];

function choose(chosen) {
  for (const tab of tabs) {
    const is = tab === chosen;
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !is;
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(tab) {
  try {
    localStorage.setItem(KEY, tab.id);
  } catch {
    // storage is switched off
  }
}

const MOVES = {
  ArrowRight: (at) => (at + 1) % tabs.length,
  ArrowLeft: (at) => (at - 1 + tabs.length) % tabs.length,
  Home: () => 0,
  End: () => tabs.length - 1,
};

for (const tab of tabs) {
  tab.addEventListener("click", () => {
    choose(tab);
    remember(tab);
  });
  tab.addEventListener("keydown", (event) => {
    const next = MOVES[event.key]?.(tabs.indexOf(tab));
    if (next === undefined) return;
    event.preventDefault();
    tabs[next].focus();
    tabs[next].click();
  });
}
choose(document.getElementById(remembered()) ?? tabs[0]);

const links = [...document.querySelectorAll(".contents a")];
const sections = links.map((link) => document.getElementById(link.hash.slice(1)));
const mark = () => {
  const passed = sections.filter((section) => section.getBoundingClientRect().top < innerHeight * 0.3).length;
  links.forEach((link, index) => {
    if (index === passed - 1) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  });
};
addEventListener("scroll", mark, { passive: true });
mark();
