"""What is worn fits, what is held is in the hand, what is a thing is nobody."""

import numpy as np
import pytest

pytest.importorskip("moderngl")

from training.data.shards import PARTS, TONES
from training.render import things
from training.render.people import accessories, holdables, outfits, parts, strands
from training.render.people.skeletons import Skeleton
from training.render.pieces import Piece, Pose

EYE = np.array([0.31, 15.9, 1.15])
MIRRORED = np.array([-1, 1, 1])


def a_head() -> accessories.Head:
    """An egg 1.6 dm wide and 2.3 dm high on a neck; long hair is a wider egg."""
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(6000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    egg = sphere * (0.8, 1.15, 1.0) + (0, 16.0, 0.3)
    neck = np.stack([0.55 * sphere[:, 0], rng.uniform(13.8, 15.2, 6000), 0.55 * sphere[:, 2]], 1)
    bare = np.concatenate([egg, neck])
    wig = (egg - (0, 16, 0.3)) * 1.15 + (0, 16, 0.3)
    return accessories.Head(bare, np.concatenate([bare, wig[wig[:, 2] < 0.6]]), EYE, EYE * MIRRORED)


def a_skeleton() -> Skeleton:
    places = {"wrist.R": (-6.5, 14, 0), "knuckle.R": (-7.4, 14, 0.1), "index.R": (-7.4, 14, 0.4)}
    places |= {"pinky.R": (-7.4, 14, -0.4)}
    return Skeleton({name: np.array(place, float) for name, place in places.items()}, 1.2, -1.2, 1.6)


@pytest.mark.parametrize("style", accessories.GLASSES)
def test_glasses_sit_before_the_eyes_and_reach_the_ears(style: str) -> None:
    head = a_head()
    for seed in range(10):
        vertices, _ = accessories.glasses(style, head, np.random.default_rng(seed))[0].solid
        rims = vertices[vertices[:, 2] > EYE[2]]
        assert rims[:, 1].min() > EYE[1] - 0.5 and rims[:, 1].max() < EYE[1] + 0.5 and rims[:, 2].max() < EYE[2] + 0.6
        assert 0.6 < np.abs(vertices[:, 0]).max() < 1.0 and vertices[:, 2].min() < 0.4


@pytest.mark.parametrize("style", [style for style in accessories.HATS if style != "headphones"])
def test_no_hair_comes_through_a_hat(style: str) -> None:
    head = a_head()
    vertices, _ = accessories.hat(style, head, np.random.default_rng(1))[0].solid
    above = vertices[np.abs(vertices[:, 0]) + np.abs(vertices[:, 2] - head.centre[2]) < 0.2]
    assert above[:, 1].max() > head.haired[:, 1].max()


@pytest.mark.parametrize("style", holdables.HELD)
def test_what_is_held_is_in_the_palm(style: str) -> None:
    skeleton = a_skeleton()
    for seed in range(10):
        (thing,) = holdables.held(style, skeleton, np.random.default_rng(seed))
        vertices, faces = thing.solid
        assert np.abs(vertices[np.unique(faces)] - skeleton["knuckle.R"]).max(0).max() < 3.0
        assert vertices[:, 1].min() < 14  # under the hand, where the palm looks at rest
        assert thing.joint == "hand.R" and outfits.piece(thing, 3).parts[0] == PARTS["held"]


def test_a_hat_leaves_no_room_for_strands() -> None:
    outfit = outfits.Outfit({"strands": "curls", "hat": "hood", "scarf": "scarf"}, {})
    for seed in range(200):
        now = outfit.shown(np.random.default_rng(seed))
        assert not ("hat" in now and ("strands" in now or "scarf" in now))


def test_strands_hang_on_the_hair() -> None:
    head = a_head()
    (thing,) = strands.flyaways(head.haired[len(head.bare) :], head, np.random.default_rng(0))
    vertices, _ = thing.solid
    assert (
        np.linalg.norm(vertices - head.centre, axis=1).max() < 2.6 and outfits.piece(thing, 0).parts[0] == PARTS["hair"]
    )


def test_curls_cover_the_skull() -> None:
    head = a_head()
    vertices, _ = strands.curls(head, np.random.default_rng(0))[0].solid
    assert vertices[:, 1].max() > head.bare[:, 1].max() and vertices[:, 2].min() < head.bare[:, 2].min()


def test_statues_and_still_lifes_are_nobody() -> None:
    held = outfits.piece(holdables.held("cup", a_skeleton(), np.random.default_rng(0))[0], 0)
    bones = np.eye(4, dtype=np.float32)[None]
    rng = np.random.default_rng(0)
    cast = things.statue(Pose([held], [bones], np.eye(4), {}), np.eye(4), rng)
    for appearance in (cast, *things.still_life(3.0, 9.0, rng)):
        assert not appearance.labelled and not any(piece.parts.any() or piece.texture for piece in appearance.pieces)


@pytest.mark.parametrize("maker", [things.animal, things.vase, things.boxes, things.furniture, things.held_thing])
def test_things_are_made_of_real_triangles(maker) -> None:
    for seed in range(20):
        vertices, faces = maker(np.random.default_rng(seed))
        assert np.isfinite(vertices).all() and faces.min() >= 0 and faces.max() < len(vertices)


def test_skins_are_classed_from_very_light_to_dark() -> None:
    colours = [
        (0.75, 0.55, 0.48),
        (0.6, 0.4, 0.31),
        (0.45, 0.26, 0.18),
        (0.32, 0.17, 0.105),
        (0.17, 0.085, 0.05),
        (0.04, 0.02, 0.014),
    ]
    classes = [TONES.index(parts.tone(np.array(colour))) for colour in colours]
    assert (classes[0], classes[-1]) == (0, len(TONES) - 1)
    assert np.all(np.diff(classes) >= 0)


@pytest.mark.parametrize(
    ("bone", "part"),
    [("LeftHandMiddle2", "hand"), ("wrist.L", "hand"), ("RightForeArm", "forearm"), ("lowerarm02.R", "forearm"),
     ("RightArm", "body"), ("Head", "head"), ("jaw", "head"), ("spine01", "body"), ("shoulder01.L", "body")],
)  # fmt: skip
def test_parts_are_told_by_the_bones_of_both_rigs(bone: str, part: str) -> None:
    assert parts.of_bone(bone) == PARTS[part]


def test_a_piece_is_stiff() -> None:
    (thing,) = holdables.held("ball", a_skeleton(), np.random.default_rng(0))
    made: Piece = outfits.piece(thing, 7)
    assert (made.joints == 7).all() and (made.weights.sum(1) == 1).all()
