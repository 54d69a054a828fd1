/* The playground: a picture comes in, one call goes out, and everything shown comes from its answer. */

import { Problem } from "../account/client.js";
import { element, part, whileBusy } from "../account/elements.js";
import { counted, fileSize } from "../account/words.js";
import { adviceFor } from "./advice.js";
import { callFor, curl } from "./calling.js";
import { watchForPictures } from "./choosing.js";
import { allowDownloads, offerDownloads } from "./downloads.js";
import { Keying } from "./keying.js";
import { convert, open } from "./picture.js";
import { showProgress } from "./progress.js";
import { Stage } from "./stage.js";

const SMALLER_PIXELS = 6_000_000; // a JPEG of it passes every limit, also the gateway's 4.4 MB

const stage = new Stage(part("play").dataset.worker);
const keying = new Keying(drawRun);
let turns = 0; // pictures so far
let picture; // what would be sent: see picture.js; none while an example is shown
let repeatKey; // of the call for this picture: a repeat of it is free
let shown; // what is on the stage: {name, png, normals}
let calling; // AbortController of the call that is on its way

/* ---- what comes in ---- */

/** `key`: of a call for this very file that went out before. */
async function choose(file, name, key) {
  const turn = begin();
  try {
    const opened = await open(file, name);
    if (turn === turns) take(opened, key);
    else URL.revokeObjectURL(opened.url);
  } catch (unfit) {
    if (turn === turns) tellUnfit(unfit, file, name);
  }
}

/** Returns the turn: what comes in late for an earlier one is dropped. */
function begin() {
  part("unfit").hidden = true;
  turns += 1;
  return turns;
}

/** Another picture is here: a call for the one before is no longer wanted, but may be charged all the same. */
function leavePicture() {
  part("failure").hidden = true;
  part("abandoned").hidden = !calling;
  if (calling) tellAbandoned(picture, repeatKey);
  calling?.abort();
  if (picture) URL.revokeObjectURL(picture.url);
  picture = undefined;
}

function tellAbandoned({ file, name }, key) {
  const back = pressing(`Go back to ${name}`, async () => {
    await choose(file, name, key);
    part("run").focus();
  });
  const told = `The call for ${name} was stopped. If the service had already started, it may be charged; repeating it is then free.`;
  part("abandoned").replaceChildren(element("p", {}, told), element("p", { class: "actions" }, back));
}

function take(opened, key = freshKey()) {
  leavePicture();
  picture = opened;
  repeatKey = key;
  shown = undefined;
  stage.showPhoto(opened.url, opened.width ? "Your photograph" : "Your photograph, which this browser can't display");
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
    const button = element("button", { type: "button", class: "button" }, "Convert it to JPEG");
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
  leavePicture();
  shown = undefined;
  stage.showPhoto(button.dataset.picture, button.firstElementChild.alt);
  press(button);
  allowDownloads({ files: false, meshes: false });
  part("caption").textContent = "One of our examples. Its depth map is ready-made and costs nothing.";
  drawRun();
  drawCurl(button.dataset.name);
  try {
    const answer = await fetch(button.dataset.depth);
    if (!answer.ok) throw new Error(answer.statusText);
    const png = await answer.blob();
    if (turn === turns) await showAnswer(png, button.dataset.name);
  } catch {
    if (turn === turns) part("caption").textContent = "The example could not be loaded. You can still choose a picture of your own.";
  }
}

/* ---- the call ---- */

async function run() {
  if (picture && !shown) await call("depth");
}

/** The sister call, about a picture whose depth is there. */
async function runNormals() {
  if (!picture) return part("file").click();
  if (shown && !shown.normals) await call("normals");
}

async function call(subject) {
  if (calling) return;
  if (!keying.key) return keying.tell("Sign in or paste a key first.");
  const sent = picture;
  calling = new AbortController();
  part("failure").hidden = true;
  drawRun();
  const clock = showProgress();
  let answer;
  try {
    answer = await callFor(subject, {
      picture: sent.file,
      name: sent.name,
      key: keying.key,
      repeatKey: subject === "depth" ? repeatKey : `${repeatKey}-${subject}`, // another endpoint is another request
      onSent: clock.sent,
      signal: calling.signal,
    });
  } catch (problem) {
    if (sent === picture) tellFailure(problem, subject);
  }
  clock.stop();
  calling = undefined;
  if (answer) await receive(sent, answer, subject);
  drawRun();
}

async function receive(sent, answer, subject) {
  keying.tellCredits(answer.remaining);
  if (sent !== picture) return; // somebody chose another one meanwhile
  tellAnswer(sent, answer);
  bringToSight();
  try {
    await (subject === "depth" ? showAnswer(answer.png, sent.name) : showNormals(answer.png));
  } catch {
    if (sent !== picture) return;
    if (subject === "depth") shown = undefined;
    tellFailure(new Problem({ code: "unreadable_answer" }), subject);
  }
}

async function showAnswer(png, name) {
  shown = { name, png };
  drawRun();
  allowDownloads({ files: true, meshes: false });
  await stage.showDepth(png);
  if (shown?.png === png) allowDownloads({ files: true, meshes: Boolean(stage.relief?.made.triangles.length) });
}

async function showNormals(png) {
  await stage.showNormals(png);
  shown.normals = png;
  allowDownloads({ files: true, meshes: Boolean(stage.relief?.made.triangles.length), normals: true });
}

/** On a phone the button is far below what it makes. */
function bringToSight() {
  const { top, bottom } = part("frame").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) part("stage-heading").scrollIntoView();
}

function tellAnswer(sent, { coverage, consumed, seconds }) {
  const found = coverage > 0 ? `people cover ${Math.round(coverage * 100)} %` : "no person was found";
  const cost = consumed ? counted(consumed, "credit") : "a repeat, free";
  part("caption").textContent = `${sent.name}: ${found} · ${seconds.toFixed(1)} s · ${cost}`;
}

function tellFailure(problem, subject) {
  const { text, act } = adviceFor(problem);
  const place = part("failure");
  place.replaceChildren(element("p", {}, element("strong", {}, problem.message)));
  if (text) place.append(element("p", {}, text));
  const button = HELP[act]?.(problem, subject === "depth" ? run : runNormals);
  if (button) place.append(element("p", { class: "actions" }, button));
  if (problem.requestId) place.append(element("p", { class: "soft small" }, `Request ${problem.requestId}`));
  place.hidden = false;
  if (problem.code === "unknown_url" && subject === "normals") leaveNormals();
  if (problem.code === "revoked_api_key" || problem.code === "invalid_api_key") keying.use("");
}

/** The service says that it knows none: the view is of no use. */
function leaveNormals() {
  stage.select("depth");
  part("normals-choice").hidden = true;
}

const pressing = (text, act) => element("button", { type: "button", class: "button", click: act }, text);

const HELP = {
  retry: (problem, again) => (problem.retryAfterS ? waiting(problem.retryAfterS, again) : pressing("Try again", again)),
  afresh: (_, again) =>
    pressing("Call again for 1 credit", () => {
      repeatKey = freshKey();
      again();
    }),
  another: () => pressing("Choose another picture", () => part("file").click()),
  smaller: () => pressing("Make a smaller copy", () => chooseConverted(picture.file, picture.name, SMALLER_PIXELS)),
  key: () => pressing("Use another key", () => part("key").querySelector("input, button")?.focus()),
  buy: () => element("a", { class: "button", href: "/account/#buy" }, "Get credits"),
};

/** A button that counts down to when the service will listen again. */
function waiting(seconds, again) {
  const button = pressing(`Try again in ${seconds} s`, again);
  button.disabled = true;
  const every = setInterval(() => {
    seconds -= 1;
    button.textContent = seconds > 0 ? `Try again in ${seconds} s` : "Try again";
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
  part("run-normals").disabled = Boolean(calling);
  part("run-normals").textContent = picture ? "Make the normal map for 1 credit" : "Choose a picture of your own";
  part("run-hint").hidden = Boolean(calling);
  const missing = made ? "Done. Choose another picture to make the next one. " : !picture ? "Choose a picture of your own first. " : !keying.key ? "Sign in or paste a key first. " : "";
  part("run-hint").textContent = `${missing}A successful call costs 1 credit, errors are free.`;
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
part("run-normals").addEventListener("click", runNormals);
part("cancel").addEventListener("click", () => calling?.abort());
for (const button of document.querySelectorAll("button.example")) {
  button.addEventListener("click", () => showExample(button));
}
drawRun();
keying.start();
showExample(document.querySelector("button.example"));
