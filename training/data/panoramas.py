"""Radiance panoramas (.hdr): views of them as backgrounds, and their light as spherical harmonics.

`python -m training.data.panoramas DIR --out SCENES` writes views as PNG.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HELD = ("lobby", "park", "venice", "workshop")
"""Places that light and surround held-out people only."""

Panorama = NDArray[np.float32]


def files(folder: Path, held: bool) -> list[Path]:
    """The .hdr files of a folder that are held out, or those that are not."""
    return [path for path in sorted(folder.glob("*.hdr")) if (path.stem in HELD) == held]


def read(path: Path) -> Panorama:
    """H x W x 3 linear light, equirectangular, from run-length coded RGBE (Ward, Real Pixels, 1991)."""
    data = path.read_bytes()
    head = data.index(b"\n\n") + 2
    at = data.index(b"\n", head) + 1
    _, height, _, width = data[head : at - 1].split()
    codes = np.empty((int(height), 4, int(width)), np.uint8)
    for row in codes:
        at += 4  # each line begins with 2, 2 and its length
        for channel in row:
            at = decoded(data, at, channel)
    scale = np.exp2(codes[:, 3].astype(np.float32) - 136)
    return codes[:, :3].transpose(0, 2, 1) * scale[..., None]


def decoded(data: bytes, at: int, out: NDArray[np.uint8]) -> int:
    """One channel of a line into `out`; where the next one begins. A count over 128 is a run of one value."""
    x = 0
    while x < len(out):
        count = data[at]
        if count > 128:
            out[x : x + count - 128] = data[at + 1]
            x, at = x + count - 128, at + 2
        else:
            out[x : x + count] = np.frombuffer(data, np.uint8, count, at + 1)
            x, at = x + count, at + 1 + count
    return at


def view(panorama: Panorama, yaw: float, pitch: float, angle: float, side: int) -> Panorama:
    """A square perspective view, linear light; angles in radians."""
    half = np.tan(angle / 2)
    x, y = np.meshgrid(np.linspace(-half, half, side), np.linspace(half, -half, side))
    y, z = y * np.cos(pitch) + np.sin(pitch), np.cos(pitch) - y * np.sin(pitch)
    turned = np.stack([x * np.cos(yaw) + z * np.sin(yaw), y, z * np.cos(yaw) - x * np.sin(yaw)], -1)
    return looked_up(panorama, turned)


def looked_up(panorama: Panorama, directions: NDArray[np.float64]) -> Panorama:
    """Light from directions (... x 3, of any length, y up), between the nearest four pixels."""
    height, width = panorama.shape[:2]
    x, y, z = np.moveaxis(directions, -1, 0)
    u = (np.arctan2(x, z) / (2 * np.pi) + 0.5) % 1 * width - 0.5
    v = np.clip((0.5 - np.arctan2(y, np.hypot(x, z)) / np.pi) * height - 0.5, 0, height - 1.001)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    across, down = (u - left)[..., None], (v - top)[..., None]
    left, right = left % width, (left + 1) % width
    upper = panorama[top, left] * (1 - across) + panorama[top, right] * across
    lower = panorama[top + 1, left] * (1 - across) + panorama[top + 1, right] * across
    return upper * (1 - down) + lower * down


def developed(light: Panorama, exposure: float) -> NDArray[np.uint8]:
    """Linear light as an 8-bit picture whose median is at `exposure` before the curve; white at three times one."""
    light = light * exposure / max(float(np.median(light)), 1e-4)
    light = light * (1 + light / 9) / (1 + light)
    return (np.clip(light, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def harmonics(panorama: Panorama) -> NDArray[np.float64]:
    """9 x 3 coefficients c so that irradiance / pi in direction n is c0 + c1 y + c2 z + c3 x + c4 xy + c5 yz +
    c6 (3 z^2 - 1) + c7 xz + c8 (x^2 - y^2), scaled to a mean of one. Ramamoorthi and Hanrahan, 2001, equation 13.

    The sun is cut off at twenty times the mean: nine coefficients cannot hold it, and a lamp of the renderer's stands
    for it.
    """
    height, width = panorama.shape[:2]
    latitude = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    longitude = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
    x = np.cos(latitude)[:, None] * np.sin(longitude)
    z = np.cos(latitude)[:, None] * np.cos(longitude)
    y = np.repeat(np.sin(latitude)[:, None], width, 1)
    area = np.cos(latitude)[:, None] * np.ones(width)
    light = np.minimum(panorama, 20 * (panorama * area[..., None]).sum((0, 1)) / area.sum())
    basis = np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    squares = np.array([1, 1 / 3, 1 / 3, 1 / 3, 1 / 15, 1 / 15, 4 / 5, 1 / 15, 4 / 15])  # mean of basis^2
    smoothing = np.array([1, *[2 / 3] * 3, *[1 / 4] * 5])  # of the cosine lobe, per order
    mean = np.einsum("khw,hw,hwc->kc", basis, area, light) / area.sum()
    out = mean / squares[:, None] * smoothing[:, None]
    return out / max(out[0].mean(), 1e-6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of .hdr files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--views", type=int, default=30, help="of each panorama")
    parser.add_argument("--side", type=int, default=400)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for path in files(options.folder, held=options.split == "test"):
        panorama = read(path)
        for k in range(options.views):
            angles = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.15), np.radians(rng.uniform(40, 85))
            pixels = developed(view(panorama, *angles, options.side), rng.uniform(0.3, 0.75))
            Image.fromarray(pixels).save(options.out / f"{path.stem}_{k:02d}.png")


if __name__ == "__main__":
    main()
