import { escaped } from "../layout.mjs";

const CURL = `curl -X POST ORIGIN/portrait-depth-estimation/v1 \\
  -H 'x-api-key: YOUR_API_KEY' \\
  -F image_file=@portrait.jpg -o depth.jpg`;

// file, title, words, what is seen
const OUTPUTS = [
  [
    "noor.webp",
    "<strong>Your photo</strong>",
    "PNG, JPEG or WEBP, up to 25 megapixels and 30 MB",
    "A person in a white shirt before a blue wall, a hand in front of the chest.",
  ],
  [
    "noor-depth.webp",
    "<code>output=depth</code>",
    "255 at the nearest point, here the hand; exactly 0 where there is nobody",
    "Their depth map: the hand brightest, then the face, the shoulders darker, the wall black.",
  ],
  [
    "noor-normals.webp", // of a network that knows them
    "<strong>Surface normals</strong>",
    "The sister call, one more credit: which way each point faces, in red, green and blue",
    "Their surface normals: reddish where they turn to the right, greenish where they look up.",
  ],
  ["noor-alpha.webp", "<code>output=alpha</code>", "The soft silhouette, with the hair", "Their silhouette: white on black."],
];

const SERIES = [
  ["sam", "A man in dungarees"],
  ["ida", "A girl with long hair"],
  ["ada", "A woman with a hand before her chest"],
  ["otto", "A man in a suit"],
];

const FACTS = [
  ["Drop-in", "The call is that of a well-known API. A client written for it works once its host name is changed."],
  ["16 bits", "<code>output_format=png16</code> has 65,536 steps instead of 256: no bands when it displaces a mesh."],
  ["Charged once", "Repeat a call that broke off with the same <code>Idempotency-Key</code>, and it costs one credit at most."],
  ["Errors are free", "The credit is taken last, when your picture is ready. Whatever fails before that costs nothing."],
  ["Nothing is kept", "Neither your picture nor the result is stored. The result carries no metadata of your photo."],
  ["On your own machine, too", "Open source, networks included. One command runs it at home, and the same code runs on AWS."],
];

export default async function page({ asset, list }) {
  const picture = (name) => asset(`infra/web/pictures/${name}`);
  const [photo, relief, still] = await Promise.all([picture("gus.jpg"), picture("gus-relief.webp"), picture("still.webp")]);
  const drawn = await list("infra/web/pictures");
  const outputs = await Promise.all(
    OUTPUTS.filter(([name]) => drawn.includes(name)).map(async ([name, ...rest]) => [await picture(name), ...rest]),
  );
  const series = await Promise.all(
    SERIES.map(async ([name, text]) => [await picture(`${name}.webp`), await picture(`${name}-depth.webp`), text]),
  );
  return {
    title: "Portrait depth: a photo in, the depth of its people out",
    description:
      "An HTTP call that turns a portrait photo into a depth map: the nearest point of a person white, farther darker, everything else exactly 0.",
    head: `<link rel="preload" href="${still}" as="image" fetchpriority="high">`,
    body: `
<section class="hero column">
<div class="pitch">
<h1>The depth in every portrait</h1>
<p class="lead">Send a photo of people, get back how near every point of them is. One call, one credit.</p>
<div class="sample">
<pre id="call" tabindex="0" aria-label="The call with curl"><code>${escaped(CURL).replace("ORIGIN", "<span data-origin>https://HOST</span>")}</code></pre>
<button class="copy" type="button" data-copy="#call">Copy</button>
</div>
<ul class="terms">
<li>100 free credits</li>
<li>Errors cost nothing</li>
<li>8 and 16 bits</li>
<li>Nothing is stored</li>
</ul>
<p class="actions"><a class="button primary" href="/playground/">Try your photo</a> <a class="button" href="/account/">Get 100 free credits</a></p>
</div>
<figure class="bust" data-photo="${photo}" data-relief="${relief}">
<img src="${still}" width="640" height="800" alt="A man in a white shirt before a blue wall. From left to right the photo turns into a plaster relief of him, lit from his depth map." fetchpriority="high">
<canvas width="640" height="800" hidden aria-hidden="true"></canvas>
<figcaption>
<label class="wipe" hidden><span>Photo</span><input type="range" min="0" max="100" value="45" aria-label="From photo to relief"><span>Relief</span></label>
</figcaption>
</figure>
</section>

<section class="outputs column" aria-labelledby="comes-back">
<h2 id="comes-back">What comes back</h2>
<p class="lead">A picture of the same size, turned upright. Gray is linear in inverse depth, on one scale for everyone in it.</p>
<ol class="strip">
${outputs
  .map(
    ([address, title, text, seen]) => `<li><figure>
<img src="${address}" width="640" height="800" loading="lazy" alt="${seen}">
<figcaption>${title}<span>${text}</span></figcaption></figure></li>`,
  )
  .join("\n")}
</ol>
</section>

<section class="series" aria-labelledby="people">
<div class="column">
<h2 id="people">It knows people, and nothing else</h2>
<p class="lead">Whatever is not a person is exactly 0: the wall, the chair, the trees behind. Everyone in a picture shares one scale.</p>
</div>
<ul class="row">
${series
  .map(
    ([address, depth, text]) => `<li><figure class="cut"><img src="${address}" width="640" height="800" loading="lazy" alt="${text}"><img class="over" src="${depth}" width="640" height="800" loading="lazy" alt=""></figure></li>`,
  )
  .join("\n")}
</ul>
<div class="column"><label class="wipe" hidden><span>Photo</span><input type="range" min="0" max="100" value="50" aria-label="From photos to depth maps"><span>Depth</span></label></div>
</section>

<section class="facts column" aria-labelledby="beyond">
<h2 id="beyond">Made to be built on</h2>
<dl>
${FACTS.map(([term, text]) => `<div><dt>${term}</dt><dd>${text}</dd></div>`).join("\n")}
</dl>
</section>

<section class="prices column" aria-labelledby="prices">
<div>
<h2 id="prices">1 call, 1 credit</h2>
<p class="lead">Every account can claim 100 free credits. After that, credits come in packs: the larger the pack, the cheaper the call.</p>
<a class="button primary" href="/account/">Create an account</a>
</div>
<div class="packs" aria-live="polite"><p class="soft"><noscript>The packs are listed at <a href="/account/v1/packs">/account/v1/packs</a>.</noscript></p></div>
</section>
`,
  };
}
