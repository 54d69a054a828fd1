// A portrait that turns into plaster where the pointer is: the photo, and what was drawn from its depth map
// (infra/web/pictures/draw.py), mixed and lit in one fragment shader.

const VERTEX = `#version 300 es
in vec2 corner;
out vec2 place;
void main() {
  place = corner * vec2(0.5, -0.5) + 0.5;
  gl_Position = vec4(corner, 0, 1);
}`;

// `tiles`: detail and alpha above, slopes (side by side) and depth below. `eye`: how far the viewer has moved, -1 to 1.
// `lens`: centre and radius in widths of the picture. `wipe`: from where on, left to right, all is plaster.
const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D photo, tiles;
uniform vec2 eye;
uniform vec3 lens, lamp;
uniform float wipe;
in vec2 place;
out vec4 colour;

const vec2 SIZE = vec2(1.0, 1.25);

float tile(vec2 at, vec2 origin, vec2 size) {
  return texture(tiles, origin + clamp(at, 0.003, 0.997) * size).r;
}
float depth(vec2 at) { return tile(at, vec2(0.5, 0.5), vec2(0.5, 0.5)); }

void main() {
  // Where a ray through this point meets the surface: near points move with the eye, the wall does not.
  vec2 at = place;
  for (int step = 0; step < 4; step++) at = place + eye * 0.035 * depth(at);
  float near = depth(at);
  float alpha = smoothstep(0.25, 0.75, tile(at, vec2(0.5, 0.0), vec2(0.5, 0.5)));

  // The nearer, the earlier it turns.
  float far = length((place - lens.xy) * SIZE) - lens.z - 0.07 * near;
  float inLens = (1.0 - smoothstep(-0.06, 0.02, far)) * step(0.001, lens.z);
  float wiped = smoothstep(wipe, wipe + 0.03, place.x + 0.12 * near);
  float turned = max(inLens, wiped);

  vec2 slope = vec2(tile(at, vec2(0.0, 0.5), vec2(0.25, 0.5)), tile(at, vec2(0.25, 0.5), vec2(0.25, 0.5))) * 2.0 - 1.0;
  vec3 normal = normalize(vec3(-slope, sqrt(max(0.02, 1.0 - min(0.98, dot(slope, slope))))));
  vec3 towards = normalize(vec3((lamp.xy - place) * SIZE, lamp.z));
  float lit = max(0.0, dot(normal, towards));
  float detail = tile(at, vec2(0.0), vec2(0.5)) - 0.5;
  float plaster = clamp(0.1 + 0.84 * lit + 0.8 * detail, 0.0, 1.0);

  colour = mix(vec4(texture(photo, at).rgb, 1.0), vec4(vec3(plaster), 1.0) * alpha, turned);
}`;

const LENS = 0.2; // its radius, in widths of the picture
const LAMP = [-0.1, -0.1, 0.9]; // stands left above the picture, in widths of it
const REST = 0.5; // where the wipe stands when nobody has touched it: as in the still picture

/** Puts the living picture over the still one. Rejects where there is no WebGL 2. */
export async function showRelief(figure) {
  const canvas = figure.querySelector("canvas");
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, powerPreference: "low-power" });
  if (!gl) throw new Error("no WebGL 2");
  const pictures = await Promise.all([picture(figure.dataset.photo), picture(figure.dataset.relief)]);
  const uniforms = prepared(gl, pictures);
  const state = { eye: [0, 0], lens: [0.5, 0.4, 0], lamp: [...LAMP], wipe: REST };
  const draw = () => drawn(gl, uniforms, state);

  fitted(canvas, draw);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const moving = animated(state, draw, still);
  followed(canvas, moving, still);
  wiped(figure, state, moving);
  const show = (is) => {
    canvas.hidden = !is;
    figure.classList.toggle("alive", is);
  };
  canvas.addEventListener("webglcontextlost", () => show(false));
  show(true);
  draw();
  if (!still.matches) moving.greet();
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

function prepared(gl, pictures) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "");
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, "corner");
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  pictures.forEach((image, unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
    for (const edge of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, edge, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  });
  const uniforms = Object.fromEntries(
    ["photo", "tiles", "eye", "lens", "lamp", "wipe"].map((name) => [name, gl.getUniformLocation(program, name)]),
  );
  gl.uniform1i(uniforms.photo, 0);
  gl.uniform1i(uniforms.tiles, 1);
  return uniforms;
}

function drawn(gl, uniforms, { eye, lens, lamp, wipe }) {
  gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
  gl.uniform2fv(uniforms.eye, eye);
  gl.uniform3fv(uniforms.lens, lens);
  gl.uniform3fv(uniforms.lamp, lamp);
  gl.uniform1f(uniforms.wipe, wipe);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
}

/** As many pixels as the screen shows of it, up to two for each CSS pixel. */
function fitted(canvas, draw) {
  const fit = () => {
    const scale = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.round(canvas.clientWidth * scale) || canvas.width;
    canvas.height = Math.round(canvas.clientHeight * scale) || canvas.height;
    draw();
  };
  new ResizeObserver(fit).observe(canvas);
}

/** Moves the state towards where it is wanted, and draws only while something moves. */
function animated(state, draw, still) {
  const wanted = { eye: [0, 0], lens: [...state.lens], lamp: [...state.lamp], wipe: state.wipe };
  let frame = 0;
  let before = 0;

  function step(now) {
    const share = still.matches ? 1 : 1 - Math.exp(-(now - before) / 110);
    before = now;
    let rest = 0;
    for (const name of ["eye", "lens", "lamp"]) {
      state[name].forEach((value, index) => {
        const way = wanted[name][index] - value;
        state[name][index] += way * share;
        rest = Math.max(rest, Math.abs(way));
      });
    }
    const way = wanted.wipe - state.wipe;
    state.wipe += way * share;
    draw();
    frame = Math.max(rest, Math.abs(way)) > 0.0005 ? requestAnimationFrame(step) : 0;
  }

  const move = (change) => {
    Object.assign(wanted, change);
    if (!frame) {
      before = performance.now() - 16;
      frame = requestAnimationFrame(step);
    }
  };

  /** Once, for two seconds: the lamp and the eye go from one side to the other, so that one sees what it is. */
  function greet() {
    const begin = performance.now();
    const turn = (now) => {
      const t = Math.min((now - begin) / 2200, 1);
      if (moved) return;
      const swing = Math.sin(t * 2 * Math.PI) * (1 - t);
      move({ eye: [swing, swing * 0.3], lamp: [LAMP[0] + 1.3 * Math.sin(t * Math.PI), LAMP[1], LAMP[2]] });
      if (t < 1) requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  let moved = false;
  return { move: (change) => ((moved = true), move(change)), greet };
}

/** The lens goes with the pointer, the lamp stands before it; a finger that has left takes the lens away. */
function followed(canvas, moving, still) {
  canvas.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
    const eye = still.matches ? [0, 0] : [x * 2 - 1, y * 2 - 1];
    moving.move({ eye, lens: [x, y, LENS], lamp: [x - 0.25, y - 0.35, 0.45] });
  });
  canvas.addEventListener("pointerleave", () => moving.move({ eye: [0, 0], lens: [0.5, 0.4, 0], lamp: LAMP }));
}

function wiped(figure, state, moving) {
  const label = figure.querySelector(".wipe");
  const range = label.querySelector("input");
  label.hidden = false;
  range.addEventListener("input", () => moving.move({ wipe: 1.06 - (range.value / 100) * 1.24 }));
}
