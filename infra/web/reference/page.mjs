// Every call with its bodies, tried from the page: Swagger UI over infra/openapi.yaml.

export default async function page({ publish }) {
  await publish("infra/openapi.yaml", "reference/openapi.yaml");
  return {
    title: "API reference of Portrait depth",
    description: "Every call of the API with its headers, bodies and answers, from openapi.yaml; try them from the page.",
    body: `
<div class="column intro">
<h1>Reference</h1>
<p class="lead">Every call with what goes in and what comes out, from <a href="/reference/openapi.yaml">openapi.yaml</a>. Calls you try here are real ones, and cost what calls cost: enter your key with <strong>Authorize</strong>. The <a href="/docs/">docs</a> explain all this in words.</p>
</div>
<div class="column"><h2 class="visually-hidden">Calls</h2><div id="reference"><noscript><p class="notice">The reference needs its script. <a href="/reference/openapi.yaml">openapi.yaml</a> says the same.</p></noscript></div></div>
`,
  };
}
