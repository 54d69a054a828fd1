/* The picture large: photograph and map with a slider between, or the relief. */

import { part } from "../account/elements.js";
import { blank, drawn, load } from "./picture.js";
import { raster } from "./relief.js";

const TEXTURE_EDGE = 2048;
const GRID_EDGE = 420; // points on the longer edge: the network sees no finer, and a mesh of it stays below 15 MB

const DEPTH = "Its depth map: the nearest point is white, everything that is not a person is black";
const NORMALS = "Its normal map: which way each point of a person faces, as a colour";
const WITHOUT_WEBGL = "This browser can't draw the relief: it needs WebGL 2. You can still download the meshes below.";
const UNLOADED = "The relief could not be loaded. Choose it again once there is a connection.";

function hasWebgl() {
  return Boolean(blank(1, 1).getContext("webgl2"));
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** What is shown. `worker`: address of the script that reads depth maps. */
export class Stage {
  constructor(worker) {
    this.worker = worker;
    this.relief = undefined; // {made, photo, backdrop, strength} once a depth map was read
    this.isUnread = false; // the map was seen, but no surface could be made of it
    this.scene = undefined;
    this.turn = 0; // counts pictures: an answer for one that has gone is dropped
    this.listen();
  }

  get view() {
    return document.querySelector('input[name="view"]:checked').value;
  }

  /** The photograph alone. */
  showPhoto(url, alt) {
    this.turn += 1;
    this.forget();
    const photo = part("photo");
    photo.src = url;
    photo.alt = alt;
    photo.removeAttribute("width");
    photo.removeAttribute("height");
    part("depth").hidden = true;
    part("split").hidden = true;
    this.select("depth");
    part("view-relief").disabled = true;
    part("view-normals").disabled = true;
  }

  /** The depth map over it: slider at once, relief as soon as the map is read. Resolves once everything stands. */
  async showDepth(png) {
    const turn = (this.turn += 1);
    this.forget();
    this.depthUrl = URL.createObjectURL(png);
    const depth = part("depth");
    depth.src = this.depthUrl;
    await depth.decode();
    if (turn !== this.turn) return;
    depth.hidden = false;
    part("split").hidden = false;
    part("view-relief").disabled = false;
    part("view-normals").disabled = false;
    this.split(50);
    const size = { width: depth.naturalWidth, height: depth.naturalHeight };
    const relief = await this.read(png, size).catch(() => undefined);
    if (turn !== this.turn) return;
    this.relief = relief;
    this.isUnread = !relief;
    if (relief) part("strength").value = relief.strength;
    await this.draw();
  }

  /** The normal map, which comes from a call of its own, in the depth map's place while its view is chosen. */
  async showNormals(png) {
    this.normalsUrl = URL.createObjectURL(png);
    await this.draw();
  }

  /** A surface from the map, in a worker; the photograph dresses it where the browser can read it. */
  async read(png, size) {
    const image = await load(part("photo").currentSrc || part("photo").src).catch(() => undefined);
    const grid = raster(size, GRID_EDGE);
    const small = image && drawn(image, grid.width, grid.height).getContext("2d").getImageData(0, 0, grid.width, grid.height);
    const made = await inWorker(this.worker, { png: await png.arrayBuffer(), photo: small, edge: GRID_EDGE });
    const texture = raster(size, TEXTURE_EDGE);
    const photo = image && drawn(image, texture.width, texture.height);
    const backdrop = photo && made.backdrop && behind(photo, made);
    return { made, photo, backdrop, strength: made.strength, pixels: small };
  }

  select(view) {
    document.querySelector(`input[name="view"][value="${view}"]`).checked = true;
    return this.draw();
  }

  /** Show what the chosen view needs; three.js comes with the first relief. */
  async draw() {
    const wanted = this.view === "relief";
    const ready = wanted && Boolean(this.relief);
    const offered = this.view === "normals" && !this.normalsUrl;
    part("normals-offer").hidden = !offered;
    part("compare").hidden = wanted || offered;
    this.drawMap();
    part("relief").hidden = !ready;
    part("relief-controls").hidden = !ready;
    if (!wanted) return this.tell("");
    if (!ready) return this.tell(this.isUnread ? "This browser can't make a relief of this picture." : "Reading the depth map …");
    try {
      await this.drawRelief();
      this.tell("");
    } catch {
      this.loading = undefined; // perhaps there is a connection next time
      part("relief").hidden = true;
      part("relief-controls").hidden = true;
      this.tell(hasWebgl() ? UNLOADED : WITHOUT_WEBGL);
    }
  }

  drawMap() {
    const url = this.view === "normals" ? this.normalsUrl : this.depthUrl;
    const depth = part("depth");
    if (!url || depth.src === url) return;
    depth.src = url;
    depth.alt = this.view === "normals" ? NORMALS : DEPTH;
  }

  async drawRelief() {
    if (!this.scene) {
      this.tell("Loading the relief …");
      const { createScene } = await (this.loading ??= import("./scene.js"));
      this.scene ??= createScene(part("relief"), { calm: calm() });
    }
    if (this.scene.shown === this.relief) return;
    this.scene.shown = this.relief;
    this.scene.show(this.relief);
    this.finish();
  }

  finish() {
    const bare = !this.relief.photo;
    if (bare) document.querySelector('input[name="finish"][value="clay"]').checked = true;
    const finish = document.querySelector('input[name="finish"]:checked').value;
    part("backdrop").disabled = finish === "clay" || !this.relief.backdrop;
    this.scene.setBackdrop(part("backdrop").checked);
    this.scene.setFinish(finish);
  }

  split(share) {
    part("split").value = share;
    // A custom property through the object model: the content security policy allows it, an attribute it would not.
    part("compare").style.setProperty("--split", `${share}%`);
    part("split").setAttribute("aria-valuetext", `${Math.round(share)} % photograph`);
  }

  tell(text) {
    part("frame-told").textContent = text;
    part("frame-told").hidden = !text;
  }

  forget() {
    this.relief = undefined;
    this.isUnread = false;
    for (const url of [this.depthUrl, this.normalsUrl]) if (url) URL.revokeObjectURL(url);
    this.depthUrl = undefined;
    this.normalsUrl = undefined;
  }

  listen() {
    part("split").addEventListener("input", () => this.split(part("split").valueAsNumber));
    part("views").addEventListener("change", () => this.draw());
    part("strength").addEventListener("input", () => {
      this.relief.strength = part("strength").valueAsNumber;
      this.scene?.setStrength(this.relief.strength);
    });
    part("finish").addEventListener("change", () => this.finish());
    part("backdrop").addEventListener("change", () => this.finish());
    part("reset").addEventListener("click", () => this.scene?.reset());
    part("relief").addEventListener("keydown", (event) => {
      const act = KEYS[event.key];
      if (!act || !this.scene || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act(this.scene);
    });
  }
}

const KEYS = {
  ArrowLeft: (scene) => scene.turn(-1, 0),
  ArrowRight: (scene) => scene.turn(1, 0),
  ArrowUp: (scene) => scene.turn(0, -1),
  ArrowDown: (scene) => scene.turn(0, 1),
  "+": (scene) => scene.zoom(0.9),
  "=": (scene) => scene.zoom(0.9),
  "-": (scene) => scene.zoom(1.1),
  0: (scene) => scene.reset(),
};

function inWorker(address, message) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(address, { type: "module" });
    const end = (act, value) => {
      worker.terminate();
      act(value);
    };
    worker.onmessage = ({ data }) => (data.failed ? end(reject, new Error(data.failed)) : end(resolve, data));
    worker.onerror = () => end(reject, new Error("the depth map could not be read"));
    worker.postMessage(message, [message.png]);
  });
}

/** The photograph with what hides behind the person filled in. */
function behind(photo, made) {
  const small = blank(made.width, made.height);
  small.getContext("2d").putImageData(new ImageData(made.backdrop, made.width, made.height), 0, 0);
  const whole = drawn(photo, photo.width, photo.height);
  const context = whole.getContext("2d");
  context.imageSmoothingQuality = "medium"; // "high" overshoots, and draws a bright line around the person
  context.drawImage(small, 0, 0, whole.width, whole.height);
  return whole;
}
