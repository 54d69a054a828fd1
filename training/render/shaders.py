"""The programs of the graphics device (GLSL 3.3)."""

SKINNING = """
in vec3 position; in vec4 joints; in vec4 weights;
uniform sampler2D bones;
mat4x3 bone() {
    mat3x4 rows = mat3x4(0);
    for (int k = 0; k < 4; k++) {
        int row = int(joints[k] + 0.5);
        for (int c = 0; c < 3; c++) rows[c] += weights[k] * texelFetch(bones, ivec2(c, row), 0);
    }
    return transpose(rows);
}
"""

VERTEX = f"""#version 330
{SKINNING}
in vec3 normal; in vec2 uv; in float part;
uniform mat4 view; uniform mat4 projection; uniform mat4 rays;
out vec3 at; out vec3 facing; out vec2 texel; out vec3 lit; flat out float piece;
void main() {{
    piece = part;
    mat4x3 skin = bone();
    vec4 p = view * vec4(skin * vec4(position, 1), 1);
    at = p.xyz;
    facing = mat3(view) * (mat3(skin) * normal);
    texel = uv;
    lit = (rays * p).xyz * 0.5 + 0.5;
    gl_Position = projection * p;
}}
"""

FRAGMENT = """#version 330
in vec3 at; in vec3 facing; in vec2 texel; in vec3 lit; flat in float piece;
uniform float person;
uniform sampler2D picture; uniform sampler2D shadow;
uniform vec3 tint; uniform float holes; uniform float gloss; uniform float wrap; uniform float seed;
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
    float bias = 0.004 + 0.01 * (1.0 - slope), sum = 0.0;
    vec2 step = 1.5 / vec2(textureSize(shadow, 0));
    for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++)
        sum += lit.z - bias < texture(shadow, lit.xy + step * vec2(x, y)).r ? 1.0 : 0.0;
    return sum / 9.0;
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
    if (holes > 0.0 && sampled.a < mix(0.15, 0.75, hash(floor(vec3(gl_FragCoord.xy, seed))))) discard;
    vec3 n = normalize(facing), eye = normalize(-at);
    if (dot(n, eye) < 0.0) n = -n;
    vec3 albedo = printed(pow(sampled.rgb, vec3(2.2)) * tint);
    float slope = dot(n, lamp), open = unshadowed(max(slope, 0.0));
    vec3 light = albedo * max(irradiance(n), vec3(0.0));
    light += albedo * lamp_colour * open * max(0.0, (slope + wrap) / (1.0 + wrap));
    light += lamp_colour * open * gloss * pow(max(0.0, dot(n, normalize(lamp + eye))), 24.0) * step(0.0, slope);
    light = light * (1.0 + light / 9.0) / (1.0 + light);
    colour = vec4(pow(max(light, 0.0), vec3(1.0 / 2.2)), 1.0);
    inverse_depth = -1.0 / at.z;
    surface = vec4(0.5 * n + 0.5, (16.0 * person + piece) / 255.0);
}
"""

SHADOW_VERTEX = f"""#version 330
{SKINNING}
uniform mat4 view;
void main() {{ gl_Position = view * vec4(bone() * vec4(position, 1), 1); }}
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
