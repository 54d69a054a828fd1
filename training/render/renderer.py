"""Draws posed people with OpenGL: premultiplied colour, soft alpha, exact inverse depth and normals, labels of person
and part. Needs no window (EGL).

Works on a graphics card and on Mesa's llvmpipe. Skinning is one matrix product a piece, on the host: on llvmpipe, where
the vertex shader runs on the same cores, it was dearer, and done twice, for the shadow and for the picture. Light is
that of a panorama (spherical harmonics of order 2: Ramamoorthi and Hanrahan, An Efficient Representation for Irradiance
Environment Maps, 2001) and one lamp with a shadow map. Everything is drawn at `factor` times the size. Hair and lashes
are cards; a hashed alpha test (Wyman and McGuire, 2017) makes the order of triangles irrelevant, and the mean over
samples is soft alpha. Depth and normals are averaged over covered samples only; the label is the nearest sample's.
"""

import moderngl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.render import shaders
from training.render.pieces import CLOTH, Appearance, Drawn, Light, Look, Piece

SHADOW_PX = 512
SHADOW_CELL = 0.2
LEVELS = (0.0, 0.05, 0.08, 0.12)
"""Edges of the cells, dm, that levels of detail merge; most triangles of a whole figure are smaller than a pixel."""

GLOSS = {"skin": 0.08, "eyes": 0.5, "hair": 0.12, "strand": 0.12, "glasses": 0.3, "lens": 0.9, "held": 0.2}
CASTING = (*CLOTH, "skin", "hair", "strand", "hat", "scarf", "held", "thing")
"""Kinds that cast shadows."""

CLOSED = ("skin", "eyes", "shoe")
"""Kinds whose inside is never seen."""

PRINTED = (*CLOTH, "scarf", "hat", "thing")
"""Kinds that carry the look's pattern."""

CARDS = ("hair", "brow", "lash")
"""Kinds whose textures have holes; drawn last."""


class Mesh:
    """A piece on the device; `skin` is V x B weights over the bones that it hangs on."""

    def __init__(
        self, context: moderngl.Context, picture: moderngl.Program, shade: moderngl.Program, piece: Piece
    ) -> None:
        self.context, self.picture = context, picture
        self.piece = piece  # kept, too, so that no other piece gets its id
        self.bones, columns = np.unique(piece.joints, return_inverse=True)
        self.skin = np.zeros((len(piece.vertices), len(self.bones)), np.float32)
        rows = np.arange(len(piece.vertices))[:, None]
        np.add.at(self.skin, (rows, columns.reshape(piece.joints.shape)), piece.weights)
        self.rest, self.normals = piece.vertices.astype(np.float32), piece.normals.astype(np.float32)
        self.fixed = context.buffer(np.column_stack([piece.uv, piece.parts]).astype("f4").tobytes())
        self.moving = context.buffer(reserve=len(rows) * 24, dynamic=True)
        self.owned: list[moderngl.Buffer | moderngl.VertexArray] = [self.fixed, self.moving]
        faces = coarse(piece.vertices, np.zeros_like(piece.uv), piece.faces, SHADOW_CELL)
        self.casting = self._array(shade, [(self.moving, "3f 12x", "position")], faces)
        self.levels: dict[float, moderngl.VertexArray] = {}

    def seen(self, cell: float) -> moderngl.VertexArray:
        """The piece without what is smaller than a cell."""
        if cell not in self.levels:
            faces = coarse(self.piece.vertices, self.piece.uv, self.piece.faces, cell) if cell else self.piece.faces
            layout = [(self.moving, "3f 3f", "position", "normal"), (self.fixed, "2f 1f", "uv", "part")]
            self.levels[cell] = self._array(self.picture, layout, faces)
        return self.levels[cell]

    def _array(self, program: moderngl.Program, layout: list, faces: NDArray) -> moderngl.VertexArray | None:
        if not len(faces):
            return None
        indices = self.context.buffer(faces.astype("i4").tobytes())
        array = self.context.vertex_array(program, layout, indices)
        self.owned = [array, *self.owned, indices]
        return array

    def pose(self, bones: NDArray[np.float32], view: NDArray[np.float64]) -> NDArray[np.float32]:
        """Bring the vertices into view space with B x 4 x 4 matrices; where they are now, V x 3."""
        tables = (view @ bones[self.bones])[:, :3].astype(np.float32)
        turns = (self.skin @ tables.reshape(len(tables), 12)).reshape(-1, 3, 4)
        out = np.empty((len(turns), 2, 3), np.float32)
        np.einsum("vij,vj->vi", turns[..., :3], self.rest, out=out[:, 0])
        out[:, 0] += turns[..., 3]
        np.einsum("vij,vj->vi", turns[..., :3], self.normals, out=out[:, 1])
        self.moving.write(out)
        return out[:, 0]

    def release(self) -> None:
        for thing in self.owned:
            thing.release()


class Renderer:
    """Square frames of `size` pixels with `factor` squared samples per pixel."""

    def __init__(self, size: int = 256, factor: int = 2, texture_px: int = 1024) -> None:
        self.size, self.factor, self.texture_px = size, factor, texture_px
        self.context = context = moderngl.create_context(standalone=True, backend="egl")
        self.solid = context.program(shaders.VERTEX, shaders.SOLID)
        self.cards = context.program(shaders.VERTEX, shaders.CARDS)
        self.shade = context.program(shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        self.resolve = context.program(shaders.RESOLVE_VERTEX, shaders.RESOLVE_FRAGMENT)
        big, small = (size * factor, size * factor), (size, size)
        self.layers = [context.texture(big, 4), context.texture(big, 1, dtype="f4"), context.texture(big, 4)]
        for texture in self.layers:
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.samples = context.framebuffer(self.layers, context.depth_renderbuffer(big))
        layers = [context.texture(small, 4), context.texture(small, 1, dtype="f4"), context.texture(small, 4)]
        self.result = context.framebuffer(layers)
        self.shadow = context.depth_texture((SHADOW_PX, SHADOW_PX))
        self.shadow.compare_func = ""
        self.shadow_buffer = context.framebuffer(depth_attachment=self.shadow)
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], "f4").tobytes())
        self.triangle = context.vertex_array(self.resolve, [(corners, "2f", "position")])
        self.textures = {None: context.texture((1, 1), 4, bytes([255] * 4))}
        self.meshes: dict[int, Mesh] = {}

    def draw(self, people: list[Appearance], focal: float, light: Light, seed: float) -> Drawn:
        """`focal` is the focal length in half image heights; view space in decimetres, y up, looking along -z."""
        places = [self._posed(person) for person in people]
        cells = [cell_of(-float(np.median(place[:, 2])) / (focal * self.size / 2)) for place in places]
        rays = shadow_matrix(np.concatenate(places), light.direction)
        self._draw_shadows(people, rays)
        self.samples.use()
        self.samples.clear(0, 0, 0, 0)
        self.context.enable(moderngl.DEPTH_TEST)
        self.shadow.use(2)
        self.cards["seed"].value = seed
        for program in (self.solid, self.cards):
            self._light(program, focal, rays, light)
            for number, (person, cell) in enumerate(zip(people, cells, strict=True), 1):
                program["person"].value = number if person.labelled else 0
                for piece in person.pieces:
                    if self._program(piece) == program:
                        self._draw_piece(program, piece, person.look, cell)
        return self._resolved()

    def forget(self, pieces: list[Piece]) -> None:
        """Release what the device holds of a person who will not come again."""
        for piece in pieces:
            if id(piece) in self.meshes:
                self.meshes.pop(id(piece)).release()

    def _posed(self, person: Appearance) -> NDArray[np.float32]:
        """A few of the places where the person is, N x 3."""
        pairs = zip(person.pieces, person.bones, strict=True)
        return np.concatenate([thinned(self._mesh(piece).pose(bones, person.view)) for piece, bones in pairs])

    def _draw_shadows(self, people: list[Appearance], rays: NDArray) -> None:
        self.shadow_buffer.use()
        self.shadow_buffer.clear(depth=1.0)
        self.context.enable(moderngl.DEPTH_TEST)
        self.shade["rays"].write(rays.T.astype("f4").tobytes())
        for person in people:
            for piece in person.pieces:
                array = self._mesh(piece).casting if piece.kind in CASTING else None
                if array:
                    array.render()

    def _light(self, program: moderngl.Program, focal: float, rays: NDArray, light: Light) -> None:
        program["picture"].value, program["shadow"].value = 0, 2
        program["projection"].write(perspective(focal).T.astype("f4").tobytes())
        program["rays"].write(rays.T.astype("f4").tobytes())
        program["harmonics"].write(light.harmonics.astype("f4").tobytes())
        program["lamp"].value, program["lamp_colour"].value = tuple(light.direction), tuple(light.colour)

    def _draw_piece(self, program: moderngl.Program, piece: Piece, look: Look, cell: float) -> None:
        array = self._mesh(piece).seen(cell)
        if not array:
            return
        self._texture(piece.texture).use(0)
        program["tint"].value = tuple(float(v) for v in look.tints.get(piece.kind, (1, 1, 1)))
        program["gloss"].value = GLOSS.get(piece.kind, 0.02)
        program["wrap"].value = 0.3 if piece.kind == "skin" else 0.1
        program["pattern"].value = look.pattern if piece.kind in PRINTED else 0
        program["pattern_scale"].value, program["pattern_colour"].value = look.pattern_scale, look.pattern_colour
        if piece.kind in CLOSED:
            self.context.enable(moderngl.CULL_FACE)
        array.render()
        self.context.disable(moderngl.CULL_FACE)

    def _program(self, piece: Piece) -> moderngl.Program:
        return self.cards if piece.kind in CARDS else self.solid

    def _mesh(self, piece: Piece) -> Mesh:
        if id(piece) not in self.meshes:
            self.meshes[id(piece)] = Mesh(self.context, self._program(piece), self.shade, piece)
        return self.meshes[id(piece)]

    def _texture(self, path: str | None) -> moderngl.Texture:
        if path not in self.textures:
            image = Image.open(path).convert("RGBA")
            image.thumbnail((self.texture_px, self.texture_px))
            image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            texture = self.context.texture(image.size, 4, image.tobytes())
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self.textures[path] = texture
        return self.textures[path]

    def _resolved(self) -> Drawn:
        self.result.use()
        self.context.disable(moderngl.DEPTH_TEST)
        for unit, (name, layer) in enumerate(zip(("colours", "depths", "surfaces"), self.layers, strict=True)):
            layer.use(unit)
            self.resolve[name].value = unit
        self.resolve["factor"].value = self.factor
        self.triangle.render()
        colour, surface = self._read(0, 4, "f1"), self._read(2, 4, "f1")
        depth = self._read(1, 1, "f4")[..., 0]
        return Drawn(colour[..., :3], colour[..., 3], depth, surface[..., :3], surface[..., 3])

    def _read(self, attachment: int, components: int, dtype: str) -> NDArray:
        raw = self.result.read(components=components, attachment=attachment, dtype=dtype)
        kind = np.uint8 if dtype == "f1" else np.float32
        return np.frombuffer(raw, kind).reshape(self.size, self.size, components)[::-1]


def perspective(focal: float, near: float = 0.2, far: float = 200.0) -> NDArray[np.float64]:
    """OpenGL's projection matrix, decimetres."""
    matrix = np.zeros((4, 4))
    matrix[0, 0] = matrix[1, 1] = focal
    matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
    matrix[3, 2] = -1
    return matrix


def cell_of(pixel: float) -> float:
    """The coarsest level that a pixel of this size, dm, hardly shows."""
    return max((cell for cell in LEVELS if cell <= 1.3 * pixel), default=0.0)


def coarse(
    vertices: NDArray[np.float32], uv: NDArray[np.float32], faces: NDArray[np.int32], cell: float
) -> NDArray[np.int32]:
    """Faces with all vertices of a cube of that edge, and near in the picture, made one (vertex clustering: Rossignac
    and Borrel, 1993). Those that lose a corner are left out."""
    places, texels = np.floor(vertices / cell).astype(np.int64) + 1024, np.floor(uv * 32).astype(np.int64) % 1024
    key = places @ np.array([1 << 42, 1 << 31, 1 << 20]) + texels @ np.array(
        [1 << 10, 1]
    )  # as one number: sorts faster
    _, first, cluster = np.unique(key, return_index=True, return_inverse=True)
    a, b, c = (first[cluster.ravel()][faces]).T
    kept = (a != b) & (b != c) & (a != c)
    return np.stack([a, b, c], 1)[kept].astype(np.int32)


def thinned(places: NDArray[np.float32]) -> NDArray[np.float32]:
    return places[:: max(1, len(places) // 100)]


def shadow_matrix(places: NDArray[np.float32], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """View space to the lamp's clip space: parallel rays over a box around all places, N x 3."""
    up = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    across = np.cross(up, direction)
    across /= np.linalg.norm(across)
    turn = np.stack([across, np.cross(direction, across), direction])
    points = places @ turn.T
    low, high = points.min(0) - 0.5, points.max(0) + 0.5  # what lies between the places looked at
    matrix = np.eye(4)
    scale = 2 / (high - low) * (1, 1, -1)
    matrix[:3, :3] = turn * scale[:, None]
    matrix[:3, 3] = -(high + low) / 2 * scale
    return matrix
