// What is around every page: head, header, footer.

const NAVIGATION = [
  ["playground", "Playground"],
  ["docs", "Docs"],
  ["reference", "Reference"],
  ["account", "Account"],
];

export const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * The HTML of a page. `content`: {title, description, body, head?}; `addresses`: of bundled files by their source; `chunks`:
 * what each script imports, named in the head so that the browser asks for it before it has read the script.
 */
export function document(folder, content, addresses, chunks) {
  const { title, description, body, head = "" } = content;
  const style = (name) => addresses[name] && `<link rel="stylesheet" href="${addresses[name]}">`;
  const script = (name) => addresses[name] && `<script type="module" src="${addresses[name]}"></script>`;
  const preload = (chunks[`${folder}/page.js`] ?? []).map((chunk) => `<link rel="modulepreload" href="${chunk}">`);
  const font = Object.entries(addresses).find(([name]) => name.endsWith(".woff2"))?.[1];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<meta name="description" content="${escaped(description)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/favicon.ico" sizes="32x32">
<link rel="icon" href="${addresses["frame/mark.svg"]}" type="image/svg+xml">
<link rel="preload" href="${font}" as="font" type="font/woff2" crossorigin>
<script src="${addresses["frame/theme.js"]}"></script>
${[
  style("frame/frame.css"),
  style(`${folder}/page.css`),
  ...preload,
  script("frame/frame.js"),
  script(`${folder}/page.js`),
  head,
]
  .filter(Boolean)
  .join("\n")}
</head>
<body class="${folder}">
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="wordmark" href="/"${folder === "home" ? ' aria-current="page"' : ""}>${MARK}<span>Portrait depth</span></a>
<nav aria-label="Pages">
${NAVIGATION.map(([name, text]) => `<a href="/${name}/"${name === folder ? ' aria-current="page"' : ""}>${text}</a>`).join("\n")}
</nav>
<button class="theme" type="button" hidden aria-label="Dark colours" aria-pressed="false">${BULB}</button>
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer class="bottom">
<p>Portrait depth is open source under Apache-2.0. The people on these pages do not exist: we rendered them.</p>
<nav aria-label="More">
<a href="/docs/#errors">Errors</a>
<a href="/reference/openapi.yaml">OpenAPI</a>
<a href="/health">Health</a>
</nav>
</footer>
</body>
</html>
`;
}

// Three nested outlines: the contour lines of a head.
export const MARK = `<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
<rect width="32" height="32" rx="7" fill="var(--depth-0)"/><path d="M5 32c0-6 4-8 7-9V20C9 18 8 15 8 12a8 8 0 0 1 16 0c0 3-1 6-4 8v3c3 1 7 3 7 9Z" fill="var(--depth-1)"/>
<path d="M16 7.500c3 0 5 2.200 5 5.200S19 19 16 19s-5-3.300-5-6.300 2-5.200 5-5.200Z" fill="var(--depth-2)"/><path d="M16 11c.9 0 1.700 1.900 1.700 3.600S17 16.700 16 16.700s-1.700-.4-1.700-2.100S15.100 11 16 11Z" fill="var(--depth-3)"/></svg>`;

const BULB = `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
<circle cx="12" cy="12" r="8.500" fill="none" stroke="currentColor" stroke-width="1.500"/><path d="M12 3.500a8.500 8.500 0 0 1 0 17Z" fill="currentColor"/></svg>`;
