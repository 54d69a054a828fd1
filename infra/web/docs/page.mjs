// The contract in words: docs/api.md and docs/samples, and nothing besides.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import csharp from "highlight.js/lib/languages/csharp";
import go from "highlight.js/lib/languages/go";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import swift from "highlight.js/lib/languages/swift";
import MarkdownIt from "markdown-it";
import path from "node:path";
import { escaped } from "../layout.mjs";

const LANGUAGES = { bash, csharp, go, javascript, json, kotlin, php, python, swift };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

const SUFFIXES = { ".sh": "bash", ".cs": "csharp", ".go": "go", ".mjs": "javascript", ".kt": "kotlin", ".php": "php", ".py": "python", ".swift": "swift" };

/** Where a file of the repository is found on the site. */
const PLACES = { "../infra/openapi.yaml": "/reference/" };

const coloured = (text, language) =>
  language in LANGUAGES ? hljs.highlight(text, { language }).value : escaped(text);

/** As GitHub makes them, so that one link serves both. */
const anchor = (title) =>
  title
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .trim()
    .toLowerCase()
    .replaceAll(" ", "-");

export default async function page({ read }) {
  const { text, samples } = apart(await read("docs/api.md"));
  const markdown = renderer();
  const inTabs = await tabs(samples, read);
  const content = markdown
    .render(text)
    .replaceAll('<th scope="col"></th>', "<td></td>")
    .replace("<p>SAMPLES</p>", () => inTabs); // a sample may hold `$&`
  const titles = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  return {
    title: "The API: docs of Portrait depth",
    description: "The call, its answers, errors, prices, rates and limits; samples in eight languages.",
    body: `
<div class="column manual">
<nav class="contents" aria-label="On this page">
<ul>
${titles.map((title) => `<li><a href="#${anchor(title)}">${escaped(title)}</a></li>`).join("\n")}
</ul>
</nav>
<article class="prose">
${content}
</article>
</div>
`,
  };
}

/** The text without its own table of contents, and the samples that it lists. */
function apart(source) {
  const samples = [...source.matchAll(/^- \[(.+?)\]\((samples\/.+?)\)$/gm)].map(([, name, file]) => ({ name, file }));
  if (!samples.length) throw new Error("docs/api.md lists no samples");
  const text = source
    .replace(/^- \[[^\]]+\]\(#.*\n/gm, "")
    .replace(/^- \[.+?\]\(samples\/.+?\)\n/m, "SAMPLES\n\n")
    .replace(/^- \[.+?\]\(samples\/.+?\)\n/gm, "");
  return { text, samples };
}

function renderer() {
  const markdown = new MarkdownIt({ html: true, typographer: false });
  let blocks = 0;
  markdown.renderer.rules.fence = (tokens, index) => {
    const { content, info } = tokens[index];
    return sample(`code-${++blocks}`, coloured(content.trimEnd(), info.trim()));
  };
  markdown.renderer.rules.heading_open = (tokens, index) => {
    const { tag } = tokens[index];
    return tag === "h1" ? "<h1>" : `<${tag} id="${anchor(tokens[index + 1].content)}">`;
  };
  markdown.renderer.rules.table_open = (tokens, index) => {
    const head = tokens.slice(index, tokens.findIndex((token, at) => at > index && token.type === "thead_close"));
    return `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="of-${head.filter(({ type }) => type === "th_open").length}">`;
  };
  markdown.renderer.rules.table_close = () => "</table></div>";
  markdown.renderer.rules.th_open = () => '<th scope="col">';
  markdown.renderer.rules.td_open = () => "<td>"; // alignment would be an inline style
  markdown.renderer.rules.link_open = (tokens, index, options, _, self) => {
    const target = tokens[index].attrGet("href");
    if (!/^(https:|#|\/)/.test(target)) {
      if (!(target in PLACES)) throw new Error(`docs/api.md links to ${target}, which the site does not have`);
      tokens[index].attrSet("href", PLACES[target]);
    }
    return self.renderToken(tokens, index, options);
  };
  return markdown;
}

const sample = (id, html) => `<div class="sample">
<pre id="${id}" tabindex="0"><code>${html.replaceAll("https://HOST", "<span data-origin>https://HOST</span>")}</code></pre>
<button class="copy" type="button" data-copy="#${id}">Copy</button>
</div>`;

/** Without its script the page shows one sample after the other. */
async function tabs(samples, read) {
  const panels = await Promise.all(
    samples.map(async ({ name, file }) => {
      const id = `sample-${path.parse(file).name}`;
      const text = await read(`docs/${file}`);
      return { id, name, html: sample(`${id}-code`, coloured(text.trimEnd(), SUFFIXES[path.extname(file)])) };
    }),
  );
  return `<div class="tabs">
<div role="tablist" aria-label="Languages">
${panels.map(({ id, name }) => `<button type="button" role="tab" id="${id}-tab" aria-controls="${id}">${escaped(name)}</button>`).join("\n")}
</div>
${panels.map(({ id, name, html }) => `<section id="${id}" role="tabpanel" aria-labelledby="${id}-tab"><h3>${escaped(name)}</h3>${html}</section>`).join("\n")}
</div>`;
}
