"""Maps, and the way from the coarse raster to the fine one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from depth import drawing, maps, refine
from depth.ports import Estimate
from tests import making
from tests.golden import Photograph


def disc(side: int, radius: float) -> NDArray[np.float32]:
    """1 inside, 0 outside; radius as a share of the side."""
    y, x = np.mgrid[:side, :side]
    inside: NDArray[np.float32] = (np.hypot(x + 0.5 - side / 2, y + 0.5 - side / 2) < radius * side).astype(np.float32)
    return inside


def coloured(mask: NDArray[np.float32]) -> Photograph:
    colours = np.where(mask[..., None] > 0, np.array([200, 80, 60]), np.array([40, 90, 160]))
    return Photograph((colours + np.random.default_rng(1).integers(-6, 7, colours.shape)).astype(np.uint8))


class TestMaps:
    @pytest.mark.parametrize("radius", [0, 1, 2, 3, 4, 7])
    def test_a_box_mean_is_the_mean_of_the_box(self, radius: int) -> None:
        values = np.random.default_rng(0).random((9, 13)).astype(np.float32)
        padded, side = np.pad(values, radius, mode="edge"), 2 * radius + 1
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
        assert np.allclose(maps.box_mean(values, radius), windows.mean((2, 3)), atol=1e-6)

    def test_a_resampled_ramp_is_a_ramp(self) -> None:
        ramp = np.tile(np.arange(8, dtype=np.float32) + 0.5, (4, 1))
        assert np.allclose(maps.resample(ramp, (16, 4), (2, 0, 6, 4))[0], 2 + (np.arange(16) + 0.5) / 4)

    def test_a_smooth_surface_has_no_facets(self) -> None:
        """A hill of few pixels, enlarged 16 times: its slope nowhere jumps as that of straight pieces does."""
        hill = np.exp(-((np.linspace(-3, 3, 24, dtype=np.float32)[None] + np.zeros((24, 1), np.float32)) ** 2))
        bends = [
            np.abs(np.diff(resample(hill, (384, 24))[12], n=2)).max()
            for resample in (maps.resample, maps.resample_smooth)
        ]
        assert bends[1] < bends[0] / 4

    @pytest.mark.parametrize("box", [None, (2.5, 0.0, 7.0, 4.0), (-3.0, -2.0, 9.0, 6.0)])
    def test_a_smooth_ramp_is_the_same_ramp(self, box: tuple[float, float, float, float] | None) -> None:
        ramp = np.tile(np.arange(8, dtype=np.float32), (4, 1))
        left, _, right, _ = box or (0, 0, 8, 4)
        at = left - 0.5 + (np.arange(32) + 0.5) * (right - left) / 32
        inside = (at > 1) & (at < 6)
        assert np.allclose(maps.resample_smooth(ramp, (32, 4), box)[0][inside], at[inside], atol=1e-5)

    def test_a_box_past_the_border_repeats_the_border(self) -> None:
        ramp = np.tile(np.arange(8, dtype=np.float32) + 0.5, (4, 1))
        assert (maps.resample(ramp, (4, 2), (-8, 0, -4, 4)) == 0.5).all()

    def test_what_is_known_stays_and_what_is_not_comes_from_near(self) -> None:
        values = np.zeros((32, 40), np.float32)
        known = np.zeros_like(values)
        known[:, :4], known[:, -4:] = 1, 1
        values[:, :4], values[:, -4:] = 3, 7
        filled = maps.extrapolate(values, known)
        assert (filled[:, :4] == 3).all() and (filled[:, -4:] == 7).all()
        assert filled[:, 6].max() < 4 and filled[:, -7].min() > 6

    def test_nothing_known_is_no_error(self) -> None:
        assert np.isfinite(maps.extrapolate(np.ones((5, 7), np.float32), np.zeros((5, 7), np.float32))).all()


class TestSmoothness:
    def test_png16_of_a_smooth_person_has_a_level_for_every_pixel(self) -> None:
        """From the coarse raster to the file: float to the last step. 8 bits would leave 240 levels."""
        ramp = np.tile(np.linspace(0, 1, 512, dtype=np.float32), (64, 1))
        full = (6000, 750)
        pixels = Photograph(np.full((75, 600, 3), 99, np.uint8))
        pixels.image = pixels.image.resize(full)
        relief = refine.refine(Estimate(ramp, np.ones_like(ramp)), pixels)
        row = np.asarray(making.opened(drawing.draw(relief, full, "depth", "png16")))[375].astype(int)
        steps = np.diff(row[100:-100])
        assert len(np.unique(row)) > 5500
        assert steps.min() >= 0 and steps.max() < 3 * np.median(steps)  # neither bands nor their dither

    def test_there_is_no_crust_along_the_silhouette(self) -> None:
        """A ball's depth falls off to its rim; what lies beyond says something else and is not let in."""
        y, x = np.mgrid[-1:1:256j, -1:1:256j].astype(np.float32)
        distance = np.hypot(x, y)
        alpha = ((0.75 - distance) / 0.03).clip(0, 1).astype(np.float32)
        ball = np.sqrt((0.8**2 - distance**2).clip(0, 1)).astype(np.float32)
        rough = np.where(distance < 0.74, ball, np.random.default_rng(0).random((256, 256)).astype(np.float32))
        relief = refine.refine(Estimate(rough, alpha), coloured(disc(1000, 0.375)))
        shown = relief.inverse_depth[500, 500:875]  # from the middle to the rim
        assert np.diff(shown).max() < 0.002  # nowhere does it rise again


class TestNormals:
    def refined(self) -> NDArray[np.float32]:
        """Of a disc that faces left before a ground that faces right: a network says something there too."""
        mask = disc(128, 0.3)
        x = 1 - 2 * mask
        normals = refine.refine(Estimate(mask, mask, np.stack([x, 0 * x, 0 * x])), coloured(disc(512, 0.3))).normals
        assert normals is not None
        return normals

    def test_the_ground_does_not_turn_the_person_s_edge(self) -> None:
        normals = self.refined()
        inside = disc(normals.shape[-1], 0.3) > 0
        assert np.allclose(normals[0][inside], -1, atol=1e-3)

    def test_they_turn_where_the_picture_has_an_edge(self) -> None:
        """A sleeve before a shirt: the network draws the turn 14 pixels wide, and the picture shows where it is."""
        across = np.linspace(-1, 1, 128, dtype=np.float32) + np.zeros((128, 1), np.float32)
        x = (across * 25).clip(-0.7, 0.7)
        normals = np.stack([x, 0 * x, np.sqrt(1 - x**2)])
        colours = np.where(across[..., None].repeat(4, 0).repeat(4, 1) < 0, [190, 60, 60], [40, 70, 160])
        ones = np.ones_like(x)
        relief = refine.refine(Estimate(ones, ones, normals), Photograph(colours.astype(np.uint8)))
        assert relief.normals is not None
        row = relief.normals[0, 256]
        assert np.ptp(row[[252, 259]]) > 0.7 * np.ptp(row)
        plain = maps.resample_smooth(normals[0], (512, 512))[256]
        assert np.ptp(plain[[252, 259]]) < 0.55 * np.ptp(plain)

    def test_a_print_is_no_shape(self) -> None:
        """Stripes on an even shirt stay what they are."""
        flat = np.zeros((3, 128, 128), np.float32)
        flat[2] = 1
        stripes = np.where(np.arange(512)[:, None, None] % 32 < 16, 230, 20) + np.zeros((512, 512, 3))
        ones = np.ones((128, 128), np.float32)
        normals = refine.refine(Estimate(ones, ones, flat), Photograph(stripes.astype(np.uint8))).normals
        assert normals is not None
        assert np.abs(normals[:2]).max() < 0.01

    def test_they_are_unit_vectors(self) -> None:
        assert np.allclose((self.refined() ** 2).sum(0), 1, atol=1e-4)

    def test_of_an_empty_picture_face_the_viewer(self) -> None:
        empty, normals = np.zeros((8, 8), np.float32), np.ones((3, 8, 8), np.float32)
        relief = refine.refine(Estimate(empty, empty, normals), Photograph(np.zeros((40, 40, 3), np.uint8)))
        assert relief.normals is not None
        assert relief.normals[:, 5, 5].tolist() == [0, 0, 1]


class TestAlpha:
    def refined(self, alpha: NDArray[np.float32], picture: Photograph) -> NDArray[np.float32]:
        return refine.refine(Estimate(alpha, alpha), picture).alpha

    def test_its_edge_follows_the_picture(self) -> None:
        """A silhouette drawn too coarsely by a factor of eight loses most of the error."""
        truth = disc(800, 0.3)
        coarse = np.asarray(Image.fromarray(truth).resize((50, 50), Image.Resampling.BOX).resize((256, 256)))
        plain = np.asarray(Image.fromarray(coarse).resize((800, 800), Image.Resampling.BILINEAR))
        guided = self.refined(coarse, coloured(truth))
        assert np.abs(guided - truth).mean() < 0.3 * np.abs(plain - truth).mean()

    def test_it_is_exactly_0_and_1_away_from_the_silhouette(self) -> None:
        guided = self.refined(disc(256, 0.3), coloured(disc(800, 0.3)))
        assert (guided[disc(800, 0.36) == 0] == 0).all()
        assert (guided[disc(800, 0.24) == 1] == 1).all()

    def test_an_edge_in_the_background_draws_nothing(self) -> None:
        picture = np.full((400, 400, 3), 90, np.uint8)
        picture[:, 350:] = 250
        picture[100:300, 100:200] = (200, 60, 60)
        alpha = np.zeros((256, 256), np.float32)
        alpha[64:192, 64:128] = 1
        assert not self.refined(alpha, Photograph(picture))[:, 300:].any()

    def test_nobody_stays_nobody(self) -> None:
        relief = refine.refine(
            Estimate(np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)), coloured(disc(99, 0.3))
        )
        assert not relief.alpha.any() and not relief.inverse_depth.any()
        assert relief.alpha.shape == (99, 99)


class TestDepth:
    def test_it_runs_from_0_to_1_over_all_people(self) -> None:
        """Two people, one behind the other: one scale, cut at the percentiles."""
        alpha, depth = np.zeros((128, 256), np.float32), np.zeros((128, 256), np.float32)
        alpha[20:100, 20:80], alpha[20:100, 150:210] = 1, 1
        depth[:, :128], depth[:, 128:] = np.linspace(4, 5, 128), np.linspace(1, 2, 128)
        relief = refine.refine(Estimate(depth, alpha), Photograph(np.full((128, 256, 3), 99, np.uint8)))
        person = relief.alpha >= 0.5
        assert relief.inverse_depth[person].min() == 0 and relief.inverse_depth[person].max() == 1
        assert relief.inverse_depth[60, 30] > 0.85 and relief.inverse_depth[60, 200] < 0.3
        low, high = np.percentile(depth[alpha >= 0.5], refine.RANGE_PERCENTILES)
        assert relief.inverse_depth[60, 50] == pytest.approx((depth[60, 50] - low) / (high - low), abs=0.01)

    def test_no_background_bleeds_over_the_silhouette(self) -> None:
        alpha = np.asarray(Image.fromarray(disc(64, 0.3)).resize((256, 256), Image.Resampling.BILINEAR))
        near = np.where(alpha > 0.5, np.float32(2) + np.linspace(0, 1, 256, dtype=np.float32), np.float32(-5))
        truth = disc(800, 0.3)
        relief = refine.refine(Estimate(near, alpha), coloured(truth))
        ramp = np.linspace(0, 1, 800)[None] * np.ones((800, 1))
        person = relief.alpha >= 0.5
        expected = (ramp - ramp[person].min()) / np.ptp(ramp[person])
        assert np.abs(relief.inverse_depth - expected)[person].max() < 0.06

    def test_a_flat_person_is_no_division_by_zero(self) -> None:
        alpha = disc(64, 0.3)
        relief = refine.refine(Estimate(np.ones_like(alpha), alpha), coloured(disc(64, 0.3)))
        assert np.isfinite(relief.inverse_depth).all()

    @pytest.mark.parametrize("size", [(1, 1), (1, 700), (5000, 2), (3000, 4000)])
    def test_any_shape_of_picture(self, size: tuple[int, int]) -> None:
        small = refine.fine_size(size)
        alpha = np.ones((max(1, size[1] // 10), max(1, size[0] // 10)), np.float32)
        relief = refine.refine(Estimate(alpha, alpha), Photograph(np.zeros((size[1], size[0], 3), np.uint8)))
        assert relief.alpha.shape == relief.inverse_depth.shape == (small[1], small[0])
        assert small[0] * small[1] <= 1.01 * refine.GUIDE_PIXELS
