const EXAMPLES = [
  { name: "noor", alt: "A person with a hand at the chest" },
  { name: "otto", alt: "A man in a suit" },
  { name: "gus", alt: "A man in a white shirt" },
];

/** The playground: the picture large, and beside it what makes the next one. */
export default async function page(tools) {
  const examples = await Promise.all(
    EXAMPLES.map(async ({ name, alt }) => ({
      name,
      alt,
      picture: await tools.asset(`infra/web/pictures/${name}.jpg`),
      depth: await tools.asset(`infra/web/pictures/${name}-depth.png`),
    })),
  );
  const [first] = examples;
  const { outputs } = JSON.parse(await tools.read("models/portrait-depth.json"));
  return {
    title: "Playground · Portrait depth",
    description: "Drop a portrait, see its depth map and a relief of it, download it as PNG, JPEG, GLB or PLY.",
    body: `
<div class="column play" id="play" data-worker="${tools.address("playground/worker.js")}">
<section class="stage" aria-labelledby="stage-heading">
<div class="stage-head">
<h1 id="stage-heading">Playground</h1>
<fieldset class="segments" id="views"><legend class="visually-hidden">View</legend>
<label><input type="radio" name="view" value="depth" checked><span>Depth</span></label>
<label><input type="radio" name="view" value="relief" id="view-relief"><span>Relief</span></label>
<label id="normals-choice"${"normals" in outputs ? "" : " hidden"}><input type="radio" name="view" value="normals" id="view-normals"><span>Normals</span></label>
</fieldset>
</div>
<div class="frame" id="frame">
<div class="compare" id="compare">
<img id="photo" src="${first.picture}" width="1024" height="1280" alt="${first.alt}">
<img id="depth" alt="Its depth map: the nearest point is white, everything that is not a person is black" hidden>
<input type="range" id="split" min="0" max="100" value="50" step="1" aria-label="How much of the photograph is shown" aria-valuetext="50 % photograph" hidden>
</div>
<canvas id="relief" tabindex="0" role="img" aria-label="The person as a relief. Drag to turn it. On the keyboard, arrow keys turn it, plus and minus zoom, 0 resets the view." hidden></canvas>
<p class="frame-told" id="frame-told" role="status" hidden></p>
<div class="frame-told stack" id="normals-offer" hidden>
<p>Surface normals tell which way each point of a person faces. They need a call of their own, which costs 1 more credit.</p>
<button type="button" class="button primary" id="run-normals">Make the normal map</button>
</div>
<div class="dropping" id="dropping" hidden><p>Drop it here</p></div>
</div>
<div class="stage-foot">
<p class="soft caption" id="caption" role="status">One of our examples. Its depth map is ready-made and costs nothing.</p>
<div class="relief-controls" id="relief-controls" hidden>
<label class="slider"><span>Relief depth</span><input type="range" id="strength" min="0" max="0.9" step="0.01"></label>
<fieldset class="segments small-segments" id="finish"><legend class="visually-hidden">Surface</legend>
<label><input type="radio" name="finish" value="photo" checked><span>Photo</span></label>
<label><input type="radio" name="finish" value="clay"><span>Clay</span></label>
</fieldset>
<label class="check"><input type="checkbox" id="backdrop" checked><span>Background</span></label>
<button type="button" class="button quiet" id="reset">Reset view</button>
</div>
</div>
</section>

<div class="desk">
<section class="step" aria-labelledby="picture-heading">
<h2 id="picture-heading">Picture</h2>
<label class="drop" id="drop"><input type="file" id="file" class="visually-hidden" accept="image/jpeg,image/png,image/webp">
<strong>Choose a portrait</strong><span class="soft with-mouse">or drop it anywhere, or paste it</span></label>
<p class="actions"><button type="button" class="button" id="camera-open">Use the camera</button></p>
<ul class="examples" aria-label="Examples">
${examples
  .map(
    ({ name, alt, picture, depth }, index) =>
      `<li><button type="button" class="example" data-picture="${picture}" data-depth="${depth}" data-name="${name}.jpg" aria-pressed="${index === 0}"><img src="${picture}" width="80" height="80" alt="${alt}" loading="lazy"></button></li>`,
  )
  .join("\n")}
</ul>
<p class="soft small">JPEG, PNG or WEBP, up to 25 megapixels and 30 MB. HEIC is not supported: export it as JPEG.</p>
<div class="notice bad stack" id="unfit" role="alert" hidden></div>
</section>

<section class="step" aria-labelledby="key-heading">
<h2 id="key-heading">Key</h2>
<div id="key" class="stack"><p class="soft">…</p></div>
</section>

<section class="step" aria-labelledby="call-heading">
<h2 id="call-heading" class="visually-hidden">Call</h2>
<button type="button" class="button primary run" id="run" aria-disabled="true" aria-describedby="run-hint">Make the depth map</button>
<p class="soft small" id="run-hint">Choose a picture first. A successful call costs 1 credit, errors are free.</p>
<div class="progress" id="progress" hidden><progress id="bar" max="1"></progress><p id="progress-told" role="status"></p><button type="button" class="button" id="cancel">Cancel</button></div>
<div class="notice bad stack" id="failure" role="alert" hidden></div>
<div class="notice stack" id="abandoned" role="status" hidden></div>
</section>

<details class="step" id="as-curl"><summary>The same call with curl</summary>
<div class="sample"><pre tabindex="0"><code id="curl"></code></pre><button type="button" class="copy" data-copy="#curl">Copy</button></div>
</details>
</div>

<section class="downloads" aria-labelledby="downloads-heading">
<h2 id="downloads-heading" class="over">Download</h2>
<div class="download-row">
<button type="button" class="button" data-download="png16" disabled>16-bit PNG</button>
<button type="button" class="button" data-download="jpeg" disabled>JPEG</button>
<button type="button" class="button" data-download="glb" disabled>GLB mesh</button>
<button type="button" class="button" data-download="ply" disabled>PLY mesh</button>
<button type="button" class="button" data-download="normals" hidden>Normals PNG</button>
</div>
<p class="soft small" id="download-told" role="status">Depth and meshes come from one call; your browser makes the JPEG and the meshes from its answer.</p>
</section>

<noscript><p class="notice">The playground needs JavaScript. The call itself does not: see the <a href="/docs/">docs</a>.</p></noscript>

<dialog id="camera" class="camera" aria-labelledby="camera-heading">
<div class="stack">
<h2 id="camera-heading">Camera</h2>
<video id="camera-picture" playsinline muted></video>
<p id="camera-told" role="status"></p>
<div class="actions"><button type="button" class="button primary" id="camera-take">Take the picture</button><button type="button" class="button" id="camera-close">Cancel</button></div>
</div>
</dialog>
<dialog id="way-in" class="way-in" aria-labelledby="way-in-heading">
<div class="stack"><h2 id="way-in-heading">Sign in</h2>
<p class="soft">We e-mail you a six-digit code. A new address opens an account, which can claim 100 free credits.</p>
<div id="sign-in"></div>
<p class="actions"><button type="button" class="button quiet" id="way-in-close">Not now</button></p></div>
</dialog>
</div>`,
  };
}
