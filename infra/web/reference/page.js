import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

/**
 * The contract as this page shows it: called here, without what a browser does by itself (preflights, cookies), and
 * without examples of headers, which would be filled in: a second picture under the same Idempotency-Key is refused.
 */
function shown(contract) {
  const paths = Object.entries(contract.paths).map(([path, { options, ...calls }]) => [path, calls]);
  const schemes = Object.entries(contract.components.securitySchemes).filter(([, { in: place }]) => place !== "cookie");
  const parameters = Object.entries(contract.components.parameters).map(([name, { example, ...rest }]) => [name, rest]);
  return {
    ...contract,
    servers: [{ url: location.origin }],
    paths: Object.fromEntries(paths),
    components: {
      ...contract.components,
      parameters: Object.fromEntries(parameters),
      securitySchemes: Object.fromEntries(schemes),
    },
  };
}

/** Names for what Swagger UI leaves without one, for who does not see where it stands. */
function name(root) {
  for (const main of root.querySelectorAll("main")) {
    main.setAttribute("role", "region");
    main.setAttribute("aria-label", "Calls");
  }
  for (const field of root.querySelectorAll("input, select, textarea")) {
    if (field.labels?.length || field.ariaLabel || field.type === "hidden") continue;
    const row = field.closest("[data-param-name], [data-property-name]");
    field.ariaLabel = row?.dataset.paramName ?? row?.dataset.propertyName ?? field.closest("label, div, td")?.innerText.split("\n")[0] ?? "";
  }
}

const place = document.getElementById("reference");
new MutationObserver(() => name(place)).observe(place, { childList: true, subtree: true });

SwaggerUI({
  domNode: place,
  url: "/reference/openapi.yaml",
  deepLinking: true,
  docExpansion: "list",
  defaultModelRendering: "model",
  defaultModelsExpandDepth: -1, // each schema is shown where it is used
  displayRequestDuration: true,
  syntaxHighlight: { activated: false }, // its colours are not ours
  validatorUrl: null, // nothing is asked of anybody else
  plugins: [
    ({ React }) => ({
      // Its links stand within buttons, where neither can be told from the other without a mouse.
      components: { DeepLink: ({ text }) => React.createElement("span", {}, text) },
      statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (contract) => update(shown(contract)) } } },
    }),
  ],
});
