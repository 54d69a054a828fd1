/* The playground: a picture comes in, one call goes out, and everything shown comes from its answer. */

import { Problem } from "../account/client.js";
import { element, part, whileBusy } from "../account/elements.js";
import { fileSize } from "../account/words.js";
import { adviceFor } from "./advice.js";
import { callDepth, curl } from "./calling.js";
import { watchForPictures } from "./choosing.js";
import { allowDownloads, offerDownloads } from "./downloads.js";
import { Keying } from "./keying.js";
import { convert, open } from "./picture.js";
import { Stage } from "./stage.js";

const SMALLER_PIXELS = 6_000_000; // a JPEG of it passes every limit, also the gateway's 4.4 MB

const stage = new Stage(part("play").dataset.worker);
const keying = new Keying(drawRun);
let turns = 0; // pictures so far
let picture; // what would be sent: see picture.js; none while an example is shown
let repeatKey; // of the call for this picture: a repeat of it is free
let shown; // what is on the stage: {name, png}
let calling; // AbortController of the call that is on its way

/* ---- what comes in ---- */

async function choose(file, name) {
  const turn = begin();
  try {
    const opened = await open(file, name);
    if (turn === turns) take(opened);
    else URL.revokeObjectURL(opened.url);
  } catch (unfit) {
    if (turn === turns) tellUnfit(unfit, file, name);
  }
}

/** Whatever was on its way is no longer wanted. Returns the turn: what comes in late for an earlier one is dropped. */
function begin() {
  calling?.abort();
  part("unfit").hidden = true;
  part("failure").hidden = true;
  turns += 1;
  return turns;
}

function take(opened) {
  if (picture) URL.revokeObjectURL(picture.url);
  picture = opened;
  repeatKey = freshKey();
  shown = undefined;
  stage.showPhoto(opened.url, opened.width ? "Your photograph" : "Your photograph; this browser can't show it");
  press(undefined);
  allowDownloads({ files: false, meshes: false });
  const size = opened.width ? `${opened.width} × ${opened.height}, ` : "";
  part("caption").textContent = `${opened.name}: ${size}${fileSize(opened.file.size)}`;
  drawRun();
  drawCurl();
}

function tellUnfit(unfit, file, name) {
  const place = part("unfit");
  place.replaceChildren(element("p", {}, unfit.message));
  if (unfit.convertible) {
    const button = element("button", { type: "button", class: "button" }, "Make a JPEG of it here");
    button.addEventListener("click", () => whileBusy(button, () => chooseConverted(file, name)));
    place.append(button);
  }
  place.hidden = false;
}

async function chooseConverted(file, name, pixels) {
  try {
    await choose(await convert(file, pixels), `${name.replace(/\.[^.]*$/, "")}.jpg`);
  } catch (unfit) {
    tellUnfit(unfit, file, name);
  }
}

async function showExample(button) {
  const turn = begin();
  if (picture) URL.revokeObjectURL(picture.url);
  picture = undefined;
  shown = undefined;
  stage.showPhoto(button.dataset.picture, button.firstElementChild.alt);
  press(button);
  allowDownloads({ files: false, meshes: false });
  part("caption").textContent = "An example of ours. Its depth map was made before, it costs nothing.";
  drawRun();
  drawCurl(button.dataset.name);
  try {
    const answer = await fetch(button.dataset.depth);
    if (!answer.ok) throw new Error(answer.statusText);
    const png = await answer.blob();
    if (turn === turns) await showAnswer(png, button.dataset.name);
  } catch {
    if (turn === turns) part("caption").textContent = "The example could not be loaded. Your own picture can be.";
  }
}

/* ---- the call ---- */

async function run() {
  if (!picture || calling || shown) return;
  if (!keying.key) return keying.tell("A key is needed first.");
  const sent = picture;
  calling = new AbortController();
  part("failure").hidden = true;
  drawRun();
  const clock = tellTime();
  let answer;
  try {
    answer = await callDepth({
      picture: sent.file,
      name: sent.name,
      key: keying.key,
      repeatKey,
      onSent: clock.sent,
      signal: calling.signal,
    });
  } catch (problem) {
    if (sent === picture) tellFailure(problem);
  }
  clock.stop();
  calling = undefined;
  if (answer) await receive(sent, answer);
  drawRun();
}

async function receive(sent, answer) {
  keying.tellCredits(answer.remaining);
  if (sent !== picture) return; // somebody chose another one meanwhile
  tellAnswer(sent, answer);
  bringToSight();
  try {
    await showAnswer(answer.png, sent.name);
  } catch {
    if (sent !== picture) return;
    shown = undefined;
    tellFailure(new Problem({ code: "unreadable_answer" }));
  }
}

/** Progress in words and a bar: how much is sent, then how long the service has been at it. */
function tellTime() {
  const bar = part("bar");
  const told = part("progress-told");
  let since;
  const tick = () => {
    told.textContent = since ? `Computing … ${Math.round((performance.now() - since) / 1000)} s` : told.textContent;
  };
  const every = setInterval(tick, 1000);
  part("progress").hidden = false;
  bar.value = 0;
  told.textContent = "Sending …";
  return {
    sent(share) {
      if (share < 1) {
        bar.value = share;
        told.textContent = `Sending, ${Math.round(share * 100)} %`;
      } else if (!since) {
        since = performance.now();
        bar.removeAttribute("value"); // nobody knows how far it is
        told.textContent = "Computing …";
      }
    },
    stop() {
      clearInterval(every);
      part("progress").hidden = true;
    },
  };
}

async function showAnswer(png, name) {
  shown = { name, png };
  drawRun();
  allowDownloads({ files: true, meshes: false });
  await stage.showDepth(png);
  if (shown?.png === png) allowDownloads({ files: true, meshes: Boolean(stage.relief?.made.triangles.length) });
}

/** On a phone the button is far below what it makes. */
function bringToSight() {
  const { top, bottom } = part("frame").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) part("stage-heading").scrollIntoView();
}

function tellAnswer(sent, { coverage, consumed, seconds }) {
  const found = coverage > 0 ? `${Math.round(coverage * 100)} % of it is a person` : "nobody was found in it";
  const cost = consumed ? `${consumed} credit` : "no credit, a repeat";
  part("caption").textContent = `${sent.name}: ${found} · ${seconds.toFixed(1)} s · ${cost}`;
}

function tellFailure(problem) {
  const { text, act } = adviceFor(problem);
  const place = part("failure");
  place.replaceChildren(element("p", {}, element("strong", {}, problem.message)));
  if (text) place.append(element("p", {}, text));
  const button = HELP[act]?.(problem);
  if (button) place.append(element("p", { class: "actions" }, button));
  if (problem.requestId) place.append(element("p", { class: "soft small" }, `Request ${problem.requestId}`));
  place.hidden = false;
  if (problem.code === "revoked_api_key" || problem.code === "invalid_api_key") keying.use("");
}

const pressing = (text, act) => element("button", { type: "button", class: "button", click: act }, text);

const HELP = {
  retry: (problem) => (problem.retryAfterS ? waiting(problem.retryAfterS) : pressing("Try again", run)),
  afresh: () =>
    pressing("Call again for 1 credit", () => {
      repeatKey = freshKey();
      run();
    }),
  another: () => pressing("Choose another picture", () => part("file").click()),
  smaller: () => pressing("Make a smaller copy", () => chooseConverted(picture.file, picture.name, SMALLER_PIXELS)),
  key: () => pressing("Give another key", () => part("key").querySelector("input, button")?.focus()),
  buy: () => element("a", { class: "button", href: "/account/#buy" }, "Get credits"),
};

/** A button that counts down to when the service will listen again. */
function waiting(seconds) {
  const button = pressing(`Again in ${seconds} s`, run);
  button.disabled = true;
  const every = setInterval(() => {
    seconds -= 1;
    button.textContent = seconds > 0 ? `Again in ${seconds} s` : "Try again";
    button.disabled = seconds > 0;
    if (seconds <= 0) clearInterval(every);
  }, 1000);
  return button;
}

/* ---- what is drawn ---- */

function drawRun() {
  const made = Boolean(picture && shown);
  const ready = picture && keying.key && !calling && !made;
  part("run").setAttribute("aria-disabled", String(!ready));
  part("run").hidden = Boolean(calling);
  part("run-hint").hidden = Boolean(calling);
  const missing = made ? "Made. Choose the next picture. " : !picture ? "Choose a picture of yours first. " : !keying.key ? "A key is needed. " : "";
  part("run-hint").textContent = `${missing}One answered call takes 1 credit, an error none.`;
}

function drawCurl(name = picture?.name ?? "portrait.jpg") {
  part("curl").textContent = curl(location.origin, name);
}

function press(pressed) {
  for (const button of document.querySelectorAll("button.example")) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
}

/** 128 random bits. crypto.randomUUID would need a secure page, which a machine in the next room isn't. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

watchForPictures(choose);
offerDownloads(() => shown && { ...shown, relief: stage.relief });
part("run").addEventListener("click", run);
part("cancel").addEventListener("click", () => calling?.abort());
for (const button of document.querySelectorAll("button.example")) {
  button.addEventListener("click", () => showExample(button));
}
drawRun();
keying.start();
showExample(document.querySelector("button.example"));
