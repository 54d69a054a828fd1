/* The relief in three dimensions. Loaded when somebody asks for it: three.js is most of what the playground weighs. */

import {
  BufferAttribute,
  BufferGeometry,
  CanvasTexture,
  DirectionalLight,
  DoubleSide,
  Group,
  HemisphereLight,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  SRGBColorSpace,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { EYE, stand } from "./relief.js";

const BEHIND = 0.22; // how far the backdrop stands behind the farthest point, in longer edges
const MOST_YAW = 0.95; // radians; farther around, the missing back of the head is all there is
const MOST_PITCH = 0.6;
const KEY_STEP = 0.09; // radians for one press
const SWAY = 0.09; // radians that the relief leans toward the pointer

/**
 * A geometry of a surface (see relief.js) at a strength. Its points have normals and texture coordinates.
 */
export function geometryOf(made, strength) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(stand(made.points, made, strength), 3));
  geometry.setAttribute("uv", new BufferAttribute(made.uv, 2));
  geometry.setIndex(new BufferAttribute(made.triangles, 1));
  geometry.computeVertexNormals();
  faceTheEye(geometry.attributes.normal);
  return geometry;
}

/** A point of triangles without an area has no normal; a normal of length 0 would be no valid mesh. */
function faceTheEye(normals) {
  for (let point = 0; point < normals.count; point++) {
    if (Math.hypot(normals.getX(point), normals.getY(point), normals.getZ(point)) < 0.5) normals.setXYZ(point, 0, 0, 1);
  }
}

/**
 * A scene on `canvas`. `calm`: nothing moves by itself (reduced motion). Returns what the page does with it:
 * show({made, photo, backdrop}), setStrength, setFinish("photo" | "clay"), setBackdrop(boolean), turn(dx, dy), reset(), dispose().
 */
export function createScene(canvas, { calm }) {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
  const scene = new Scene();
  const camera = new PerspectiveCamera(35, 1, 0.05, 20);
  const turning = new Group();
  const controls = new OrbitControls(camera, canvas);
  const photoMaterial = new MeshBasicMaterial({ side: DoubleSide });
  const clayMaterial = new MeshStandardMaterial({ color: 0xd9d5cf, roughness: 0.72, metalness: 0, side: DoubleSide });
  const person = new Mesh(new BufferGeometry(), photoMaterial);
  const behind = new Mesh(new PlaneGeometry(1, 1), new MeshBasicMaterial());
  const light = new DirectionalLight(0xffffff, 1.8);
  const fromBelow = new DirectionalLight(0xbcd0ff, 0.6);
  let made;
  let waiting = 0;
  let lean = { x: 0, y: 0 };
  let backdropWanted = true;

  // Lights of a studio, which go with the eye: whichever side is turned to it can be read.
  light.position.set(-0.9, 0.9, 0.8);
  fromBelow.position.set(1, -0.3, 0.3);
  camera.add(light, light.target, fromBelow, fromBelow.target);
  light.target.position.set(0, 0, -EYE);
  fromBelow.target.position.set(0, 0, -EYE);
  scene.add(turning, camera, new HemisphereLight(0xffffff, 0x555555, 0.45));
  turning.add(person, behind);
  controls.enablePan = false;
  controls.enableDamping = !calm;
  controls.dampingFactor = 0.12;
  controls.minDistance = EYE * 0.35;
  controls.maxDistance = EYE * 1.8;
  controls.minAzimuthAngle = -MOST_YAW;
  controls.maxAzimuthAngle = MOST_YAW;
  controls.minPolarAngle = Math.PI / 2 - MOST_PITCH;
  controls.maxPolarAngle = Math.PI / 2 + MOST_PITCH;
  controls.addEventListener("change", ask);
  leaveScrolling(canvas);

  /** Draw once, soon. Nothing is drawn while nothing changes: a phone's battery is its owner's. */
  function ask() {
    if (!waiting) waiting = requestAnimationFrame(draw);
  }

  function draw() {
    waiting = 0;
    const moved = controls.update();
    const dx = lean.x - turning.rotation.y;
    const dy = lean.y - turning.rotation.x;
    turning.rotation.y += calm ? dx : dx * 0.12;
    turning.rotation.x += calm ? dy : dy * 0.12;
    renderer.render(scene, camera);
    if (moved || (!calm && Math.abs(dx) + Math.abs(dy) > 0.0005)) ask();
  }

  /** The whole picture fits, whatever the canvas's shape. */
  function fit() {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height || !made) return;
    const long = Math.max(made.width, made.height);
    const aspect = width / height;
    const tall = Math.max(made.height / long, made.width / long / aspect);
    renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    renderer.setSize(width, height, false);
    camera.aspect = aspect;
    camera.fov = (2 * Math.atan(tall / 2 / EYE) * 180) / Math.PI;
    camera.updateProjectionMatrix();
    ask();
  }

  function reset() {
    camera.position.set(0, 0, EYE);
    controls.target.set(0, 0, middle());
    controls.update();
    lean = { x: 0, y: 0 };
    ask();
  }

  /** What the eye circles: the middle of the person, a third of the way in. */
  function middle() {
    person.geometry.computeBoundingBox();
    const box = person.geometry.boundingBox;
    return box && Number.isFinite(box.max.z) ? box.max.z * 0.45 : 0;
  }

  function turn(dx, dy) {
    const from = new Spherical().setFromVector3(camera.position.clone().sub(controls.target));
    from.theta = clamp(from.theta + dx * KEY_STEP, -MOST_YAW, MOST_YAW);
    from.phi = clamp(from.phi + dy * KEY_STEP, Math.PI / 2 - MOST_PITCH, Math.PI / 2 + MOST_PITCH);
    camera.position.copy(new Vector3().setFromSpherical(from).add(controls.target));
    controls.update();
    ask();
  }

  function zoom(factor) {
    const away = camera.position.clone().sub(controls.target);
    away.setLength(clamp(away.length() * factor, controls.minDistance, controls.maxDistance));
    camera.position.copy(away.add(controls.target));
    controls.update();
    ask();
  }

  function setStrength(strength) {
    person.geometry.dispose();
    person.geometry = geometryOf(made, strength);
    ask();
  }

  function setFinish(finish) {
    person.material = finish === "clay" ? clayMaterial : photoMaterial;
    behind.visible = backdropWanted && finish !== "clay" && Boolean(behind.material.map);
    ask();
  }

  function setBackdrop(wanted) {
    backdropWanted = wanted;
    setFinish(person.material === clayMaterial ? "clay" : "photo");
  }

  function show(relief) {
    made = relief.made;
    dress(photoMaterial, relief.photo);
    dress(behind.material, relief.backdrop);
    const long = Math.max(made.width, made.height);
    const larger = (EYE + BEHIND) / EYE; // so that it covers what it covered in the picture
    behind.scale.set((larger * made.width) / long, (larger * made.height) / long, 1);
    behind.position.z = -BEHIND;
    setStrength(relief.strength);
    fit();
    reset();
  }

  const onPointer = (event) => {
    if (calm || event.pointerType !== "mouse" || event.buttons) return;
    const box = canvas.getBoundingClientRect();
    lean = {
      x: ((event.clientX - box.left) / box.width - 0.5) * 2 * SWAY,
      y: ((event.clientY - box.top) / box.height - 0.5) * 2 * SWAY,
    };
    ask();
  };
  canvas.addEventListener("pointermove", onPointer);
  canvas.addEventListener("pointerleave", () => {
    lean = { x: 0, y: 0 };
    ask();
  });
  const watching = new ResizeObserver(fit);
  watching.observe(canvas);
  document.addEventListener("visibilitychange", ask);

  return { show, setStrength, setFinish, setBackdrop, turn, zoom, reset };
}

/**
 * The page stays the page's: a finger that goes up or down scrolls it, and so does a wheel, until the relief was clicked or
 * tabbed to. OrbitControls would take both.
 */
function leaveScrolling(canvas) {
  canvas.style.touchAction = "pan-y";
  const keepFromControls = (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) event.stopPropagation();
  };
  canvas.parentElement.addEventListener("wheel", keepFromControls, { capture: true, passive: true });
}

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

function dress(material, canvas) {
  material.map?.dispose();
  material.map = null;
  if (canvas) {
    material.map = new CanvasTexture(canvas);
    material.map.colorSpace = SRGBColorSpace;
    material.map.anisotropy = 8;
    // Our texture coordinates run downward, as the picture does and as glTF wants it; a plane's run upward.
    material.map.flipY = material instanceof MeshBasicMaterial && material.side !== DoubleSide;
  }
  material.needsUpdate = true;
}
