"""Clothes cut to measure, cloth in folds, combed hair, reshaped bodies; knees that bend; files of avatars."""

import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from training.render import gltf
from training.render.meshes import vertex_normals
from training.render.people import poses, tailoring, variations
from training.render.people.accessories import Head
from training.render.people.rows import stretched
from training.render.people.tailoring import SKIRT, TIGHTS, Chart, Garment
from training.render.people.variations import Folds


def a_sheet() -> tuple[np.ndarray, np.ndarray]:
    """2 dm wide and high, in steps of a tenth."""
    y, x = np.mgrid[:21, :21]
    row, column = (v.ravel() for v in np.mgrid[:20, :20])
    corner = row * 21 + column
    first, second = (corner, corner + 1, corner + 21), (corner + 1, corner + 22, corner + 21)
    faces = np.concatenate([np.stack(first, 1), np.stack(second, 1)])
    return np.stack([x / 10, y / 10, 0 * x], -1).reshape(-1, 3).astype(np.float32), faces


def a_chart() -> Chart:
    """An arm, a leg, the back and the throat, of a hundred places each: from root to end, or from hips to neck."""
    share, none = np.linspace(0, 1, 100), np.full(100, -1.0)
    return Chart(
        np.concatenate([share, none, none, none]),
        np.concatenate([none, share, none, none]),
        np.concatenate([0.9 - 0.5 * share, -1.4 * share - 0.01, 1.05 * share, 1.05 * share]),
        np.concatenate([0 * share, 0 * share, 0 * share, 1 + 0 * share]),
    )


ARM, LEG, BACK, THROAT = (slice(100 * k, 100 * k + 100) for k in range(4))


def test_a_garment_ends_at_its_edge_and_covers_all_up_to_it() -> None:
    vertices, faces = a_sheet()
    within = 1.23 - vertices[:, 1].astype(float) - 0.3 * vertices[:, 0]  # a slanted hem
    moved, kept = Garment("cloth", TIGHTS, within, 0 * within).cut(vertices, faces)
    used = np.unique(faces[kept])
    left = 1.23 - moved[used, 1] - 0.3 * moved[used, 0]
    assert left.min() > -1e-6 and np.isclose(left, 0, atol=1e-6).sum() >= 20
    a, b, c = (moved[faces[kept]][:, k] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(2 * 1.23 - 0.3 * 2, rel=0.01)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_everybody_has_a_top_and_something_below(sex: str) -> None:
    chart, sleeves, lengths, collars, coats, skirts = a_chart(), set(), set(), set(), 0, 0
    for seed in range(300):
        garments = tailoring.tailored(chart, sex, np.random.default_rng(seed))
        tights = np.max([one.within for one in garments if one.group == TIGHTS], 0) > 0
        below = [one.within > 0 for one in garments if one.group == SKIRT]
        legs = np.any([tights, *below], 0)[LEG]
        sleeves.add(round(tights[ARM].mean(), 1))
        lengths.add(round(legs.mean(), 1))
        collars.add(round(tights[THROAT].mean(), 2))
        coats += any(one.kind == "coat" for one in garments)
        skirts += any(one.kind != "coat" for one in garments if one.group == SKIRT)
        assert tights[BACK][20:90].all() and (below or tights[BACK][:9].all())  # a hand's width of a waist may be bare
        assert legs[:24].all()
    assert len(sleeves) > 5 and len(lengths) > 4 and len(collars) > 10
    assert 40 < coats < 110 and (skirts > 100 if sex == "female" else skirts < 40)


def test_skin_is_hidden_under_cloth_but_at_its_edges_and_under_skirts() -> None:
    chart = a_chart()
    short = tailoring.top(chart, "cloth", 0.5, 0.1, 0 * chart.arm, np.random.default_rng(0))
    assert short.hides[ARM][:40].all() and not short.hides[ARM][46:].any()
    assert not tailoring.skirt(chart, "lower", -1, 0 * chart.arm, np.random.default_rng(0)).hides.any()


def test_what_is_worn_over_something_keeps_off_it() -> None:
    chart = a_chart()
    for seed in range(300):
        worn = tailoring.tailored(chart, "female", np.random.default_rng(seed))
        layers = [one for one in worn if one.group == TIGHTS]
        for under, over in itertools.pairwise(layers):
            both = (under.within > 0) & (over.within > 0)
            assert (over.slack - under.slack)[both].min(initial=1) > tailoring.LAYER - 1e-9


def test_along_two_bones_is_told_by_their_lengths() -> None:
    root, middle, end = np.array([0.0, 0, 0]), np.array([2.0, 0, 0]), np.array([2.0, -1, 0])
    places = np.array([(0, 0.1, 0), (1, 0, 0.1), (2, -0.5, 0), (2, -1, 0), (2, -1.5, 0)])
    assert tailoring.along(places, root, middle, end) == pytest.approx([0, 1 / 3, 2.5 / 3, 1, 3.5 / 3])


def test_cloth_hangs_in_folds_of_its_own_off_what_is_below() -> None:
    vertices, faces = a_sheet()
    shapes = [
        variations.draped(vertices, faces, np.full(len(vertices), 0.1), Folds(np.random.default_rng(k))) for k in (1, 2)
    ]
    for shape in shapes:
        assert (shape[:, 2] >= 0.1 - 1e-6).all() and shape[:, 2].max() <= 0.1 + 2 * variations.DEEPEST
        assert shape[:, :2] == pytest.approx(vertices[:, :2])
        assert np.ptp(shape[:, 2]) > 0.003
    assert np.abs(shapes[0] - shapes[1]).max() > 0.01


def test_hair_is_fuller_longer_or_shorter_and_waved_and_never_in_the_head() -> None:
    eye = np.array([0.31, 15.9, 1.15])
    head = Head(np.zeros((1, 3)), np.zeros((1, 3)), eye, eye * (-1, 1, 1))
    sphere = np.random.default_rng(0).normal(size=(3000, 3))
    hair = head.centre + sphere / np.linalg.norm(sphere, axis=1, keepdims=True) * (1.1, 2.5, 1.2)
    away, lowest, fuller = np.linalg.norm(hair - head.centre, axis=1), [], []
    crown = hair[:, 1] > head.centre[1]
    for seed in range(40):
        combed = variations.combed(hair.astype(np.float32), head, np.random.default_rng(seed))
        now = np.linalg.norm(combed - head.centre, axis=1)
        assert (now >= away - 1e-4)[crown].all() and (now <= 1.25 * away + 1e-4)[crown].all()
        fuller.append((now / away)[crown].mean())
        lowest.append(combed[:, 1].min())
    assert np.ptp(fuller) > 0.1 and min(lowest) < hair[:, 1].min() - 0.3 and max(lowest) > hair[:, 1].min() + 0.1


def test_a_reshaped_body_has_no_cracks_and_no_step_where_it_stays() -> None:
    vertices, faces = a_sheet()
    doubled, corners = vertices[faces].reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3)  # seams everywhere
    stays = doubled[:, 0] < 0.55
    for seed in range(10):
        moved, normals = variations.reshaped(doubled, corners, (~stays).astype(float), np.random.default_rng(seed))
        assert (moved[stays] == doubled[stays]).all()
        heights, found = np.unique(np.column_stack([doubled[:, :2], moved[:, 2]]), axis=0), np.unique(vertices, axis=0)
        assert len(heights) == len(found)  # one for each place
        beside, far = np.isclose(doubled[:, 0], 0.6), doubled[:, 0] > 1.5
        assert np.abs(moved[beside, 2]).mean() < 0.8 * np.abs(moved[far, 2]).mean()
        assert np.linalg.norm(normals, axis=1) == pytest.approx(np.ones(len(normals)))
    assert (vertex_normals(vertices, faces)[:, 2] == 1).all()


def test_a_helpers_corner_of_a_picture_becomes_the_whole() -> None:
    uv = stretched(np.float32([[0.81, 0.9], [0.88, 0.95], [0.845, 0.925]]))
    assert uv == pytest.approx(np.array([[0, 0], [1, 1], [0.5, 0.5]]), abs=1e-4)


def test_hips_and_knees_bend_as_people_do() -> None:
    rng, squats = np.random.default_rng(0), 0
    for k in range(2000):
        turns = poses.legs_standing(1.0, k % 2 == 0, rng)
        hips, knees = (
            [float(np.arctan2(*turns[f"{bone}.{side}"][2, 1:])) for side in "LR"] for bone in ("thigh", "shin")
        )
        assert min(hips) > -2.2 and max(hips) < 1.7 and min(knees) > -1e-9 and max(knees) < 2.6
        squatting = hips[0] < -0.45 and hips[0] == pytest.approx(hips[1])
        assert not squatting or (k % 2 == 0 and min(knees) > 0.5)
        squats += squatting
    assert 60 < squats < 180


def a_file(folder: Path) -> Path:
    """A parent a metre up, a child half a metre to its side, turned; an array with gaps, and one of shares."""
    rows = np.zeros((3, 4), np.float32)
    rows[:, :3] = np.arange(9).reshape(3, 3)
    shares = np.uint8([0, 51, 255, 0])
    blob = rows.tobytes() + shares.tobytes()
    description = {
        "nodes": [
            {"name": "parent", "translation": [0, 1, 0], "children": [1]},
            {"name": "child", "translation": [0.5, 0, 0], "rotation": [0, 0, 0.5**0.5, 0.5**0.5], "scale": [2, 2, 2]},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5121, "count": 3, "type": "SCALAR", "normalized": True},
        ],
        "bufferViews": [
            {"byteOffset": 0, "byteLength": 48, "byteStride": 16},
            {"byteOffset": 48, "byteLength": 4},
        ],
    }
    text = json.dumps(description).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(blob), 0x004E4942) + blob
    path = folder / "somebody.glb"
    path.write_bytes(b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks)
    return path


def test_an_avatars_file_tells_its_arrays_and_where_its_nodes_are(tmp_path: Path) -> None:
    file = gltf.File(a_file(tmp_path))
    assert file.array(0) == pytest.approx(np.arange(9).reshape(3, 3))
    assert file.array(1)[:, 0] == pytest.approx([0, 0.2, 1])
    assert file.upright[1] @ [0, 1, 0, 1] == pytest.approx([0.5 - 2, 1, 0, 1])  # a quarter about z, twice as large
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # a quarter about the upright
    turned = file.worlds({0: turn})
    assert turned[0][:3, :3] == pytest.approx(turn)
    assert turned[1][:3, 3] == pytest.approx([0, 1, -0.5])  # carried along
    assert gltf.rotation_of(turned[1]) == pytest.approx(turn @ gltf.rotation_of(file.upright[1]))
