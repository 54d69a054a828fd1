"""The programs of the graphics device (GLSL 3.3). Vertices come in view space."""

VERTEX = """#version 330
in vec3 position; in vec3 normal; in vec2 uv; in float part;
uniform mat4 projection; uniform mat4 rays;
out vec3 at; out vec3 facing; out vec2 texel; out vec3 lit; flat out float piece;
void main() {
    at = position;
    facing = normal;
    texel = uv;
    lit = (rays * vec4(position, 1)).xyz * 0.5 + 0.5;
    piece = part;
    gl_Position = projection * vec4(position, 1);
}
"""

HOLES = """
    if (sampled.a < mix(0.15, 0.75, hash(floor(vec3(gl_FragCoord.xy, seed))))) discard;
"""

_FRAGMENT = """#version 330
in vec3 at; in vec3 facing; in vec2 texel; in vec3 lit; flat in float piece;
uniform float person;
uniform sampler2D picture; uniform sampler2D shadow;
uniform vec3 tint; uniform float gloss; uniform float wrap; uniform float seed;
uniform int pattern; uniform float pattern_scale; uniform vec3 pattern_colour;
uniform vec3 harmonics[9]; uniform vec3 lamp; uniform vec3 lamp_colour;
layout(location = 0) out vec4 colour;
layout(location = 1) out float inverse_depth;
layout(location = 2) out vec4 surface;
float hash(vec3 q) {
    q = fract(q * 0.3183099 + 0.1 + seed) * 17.0;
    return fract(q.x * q.y * q.z * (q.x + q.y + q.z));
}
vec3 irradiance(vec3 n) {
    return harmonics[0] + harmonics[1] * n.y + harmonics[2] * n.z + harmonics[3] * n.x
         + harmonics[4] * (n.x * n.y) + harmonics[5] * (n.y * n.z) + harmonics[6] * (3.0 * n.z * n.z - 1.0)
         + harmonics[7] * (n.x * n.z) + harmonics[8] * (n.x * n.x - n.y * n.y);
}
float unshadowed(float slope) {
    float nearer = lit.z - 0.004 - 0.01 * (1.0 - slope);
    vec2 step = 1.0 / vec2(textureSize(shadow, 0));
    vec4 blockers = vec4(texture(shadow, lit.xy + step * vec2(-1.2, -0.6)).r,
                         texture(shadow, lit.xy + step * vec2(0.6, -1.2)).r,
                         texture(shadow, lit.xy + step * vec2(1.2, 0.6)).r,
                         texture(shadow, lit.xy + step * vec2(-0.6, 1.2)).r);
    return dot(vec4(lessThan(vec4(nearer), blockers)), vec4(0.25));
}
vec3 printed(vec3 albedo) {
    vec2 q = texel * pattern_scale;
    float on = 0.0;
    if (pattern == 1) on = step(0.5, fract(q.y));
    if (pattern == 2) on = 0.5 * (step(0.5, fract(q.x)) + step(0.5, fract(q.y)));
    if (pattern == 3) on = 1.0 - smoothstep(0.25, 0.3, length(fract(q) - 0.5));
    return mix(albedo, albedo * pattern_colour, on);
}
void main() {
    vec4 sampled = texture(picture, texel);
    // holes
    vec3 n = normalize(facing), eye = normalize(-at);
    if (dot(n, eye) < 0.0) n = -n;
    vec3 albedo = printed(sampled.rgb * sampled.rgb * tint);
    float slope = dot(n, lamp), open = slope > -wrap ? unshadowed(max(slope, 0.0)) : 0.0;
    vec3 light = albedo * max(irradiance(n), vec3(0.0));
    light += albedo * lamp_colour * open * max(0.0, (slope + wrap) / (1.0 + wrap));
    light += lamp_colour * open * gloss * pow(max(0.0, dot(n, normalize(lamp + eye))), 24.0) * step(0.0, slope);
    light = light * (1.0 + light / 9.0) / (1.0 + light);
    colour = vec4(sqrt(max(light, 0.0)), 1.0);
    inverse_depth = -1.0 / at.z;
    surface = vec4(0.5 * n + 0.5, (16.0 * person + piece) / 255.0);
}
"""

SOLID = _FRAGMENT
"""Without a discard the device tests depth before it shades."""

CARDS = _FRAGMENT.replace("    // holes", HOLES)

SHADOW_VERTEX = """#version 330
in vec3 position;
uniform mat4 rays;
void main() { gl_Position = rays * vec4(position, 1); }
"""

SHADOW_FRAGMENT = """#version 330
void main() {}
"""

RESOLVE_VERTEX = """#version 330
in vec2 position;
void main() { gl_Position = vec4(position, 0, 1); }
"""

RESOLVE_FRAGMENT = """#version 330
uniform sampler2D colours; uniform sampler2D depths; uniform sampler2D surfaces; uniform int factor;
layout(location = 0) out vec4 colour;
layout(location = 1) out float inverse_depth;
layout(location = 2) out vec4 surface;
void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * factor;
    vec4 sum = vec4(0);
    vec3 normal = vec3(0);
    float depth = 0.0, nearest = 0.0, label = 0.0;
    for (int y = 0; y < factor; y++) for (int x = 0; x < factor; x++) {
        vec4 c = texelFetch(colours, corner + ivec2(x, y), 0);
        float near = texelFetch(depths, corner + ivec2(x, y), 0).r;
        vec4 s = texelFetch(surfaces, corner + ivec2(x, y), 0);
        sum += vec4(c.rgb * c.a, c.a);
        depth += near * c.a;
        normal += (2.0 * s.xyz - 1.0) * c.a;
        if (c.a > 0.0 && near > nearest) { nearest = near; label = s.a; }
    }
    bool seen = sum.a > 0.0;
    colour = sum / float(factor * factor);
    inverse_depth = seen ? depth / sum.a : 0.0;
    surface = seen ? vec4(0.5 * normalize(normal + vec3(0, 0, 1e-4)) + 0.5, label) : vec4(0);
}
"""
