import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

/** The contract as this page shows it: called here, and without the preflights that a browser makes by itself. */
function shown(contract) {
  const paths = Object.entries(contract.paths).map(([path, { options, ...calls }]) => [path, calls]);
  return { ...contract, servers: [{ url: location.origin }], paths: Object.fromEntries(paths) };
}

SwaggerUI({
  domNode: document.getElementById("reference"),
  url: "/reference/openapi.yaml",
  deepLinking: true,
  docExpansion: "list",
  defaultModelRendering: "model",
  defaultModelsExpandDepth: -1, // each schema is shown where it is used
  displayRequestDuration: true,
  syntaxHighlight: { activated: false }, // its colours are not ours
  validatorUrl: null, // nothing is asked of anybody else
  plugins: [
    () => ({
      statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (contract) => update(shown(contract)) } } },
    }),
  ],
});
