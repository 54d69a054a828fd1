"""Draw what the service makes of the site's portraits: `.venv/bin/python infra/web/pictures/draw.py URL KEY`.

Two calls for each portrait of this folder, to a running service: depth as 16-bit PNG, and alpha. From these come

- NAME.webp: the photo at the size of the others;
- NAME-depth.webp: the depth map as it is answered;
- NAME-alpha.webp: the silhouette;
- NAME-relief.webp: what the page's shader lights, as four gray tiles: detail and alpha above, slopes and depth below;
- noor-normals.webp: surface normals, where the service's network knows them;
- NAME-depth.png, of the playground's examples: the 16-bit PNG as it was answered;
- still.webp: how the first page looks before, and without, its script.
"""

import io
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image
from skimage.filters import gaussian

FOLDER = Path(__file__).parent
CALL = "/portrait-depth-estimation/v1"
SISTER = "/portrait-surface-normals/v1"
HERO = "gus"
STRIP = "noor"
EXAMPLES = ("noor", "otto", "gus")

SHOWN = (640, 800)
"""Width and height on the page, pixels."""
SMOOTH_PX = 6.0
"""Of the slopes: what is finer is taken from the photo's own light and shade."""
STEEP = 175.0
"""Height of the relief from the farthest point of a person to the nearest, pixels."""
DETAIL_PX = 12.0
LAMP = np.array([-0.55, -0.5, 0.67]) / np.linalg.norm([-0.55, -0.5, 0.67])


def main(url: str, key: str) -> None:
    for photo in sorted(FOLDER.glob("*.jpg")):
        name = photo.stem
        answered = asked(url + CALL, key, photo, {"output_format": "png16"})
        if name in EXAMPLES:
            (FOLDER / f"{name}-depth.png").write_bytes(answered)
        depth = values(answered) / 65535
        alpha = values(asked(url + CALL, key, photo, {"output_format": "png", "output": "alpha"})) / 255
        save(shown(depth), f"{name}-depth.webp", 88)
        save(shown(alpha), f"{name}-alpha.webp", 88)
        seen = np.asarray(Image.open(photo).resize(SHOWN, Image.Resampling.LANCZOS))
        save(seen / 255, f"{name}.webp", 84)
        relief = Relief(seen, shown(depth), shown(alpha))
        save(relief.tiles(), f"{name}-relief.webp", 86)
        if name == HERO:
            relief.still().save(FOLDER / "still.webp", quality=84, method=6)
        if name == STRIP:
            draw_normals(url, key, photo)


def draw_normals(url: str, key: str, photo: Path) -> None:
    try:
        file = asked(url + SISTER, key, photo, {"output_format": "png"})
    except requests.HTTPError as error:
        if error.response.status_code != HTTPStatus.NOT_FOUND:
            raise
    else:
        Image.open(io.BytesIO(file)).resize(SHOWN, Image.Resampling.LANCZOS).save(
            FOLDER / f"{photo.stem}-normals.webp", quality=84, method=6
        )


def asked(address: str, key: str, photo: Path, options: dict[str, str]) -> bytes:
    """The file that is answered. Raises requests.HTTPError."""
    with photo.open("rb") as file:
        answer = requests.post(
            address, headers={"x-api-key": key}, files={"image_file": file}, data=options, timeout=60
        )
    answer.raise_for_status()
    return answer.content


def values(file: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(file))).astype(np.float32)


def shown(values: Any) -> Any:
    return np.asarray(Image.fromarray(values).resize(SHOWN, Image.Resampling.BOX))


def save(values: Any, name: str, quality: int) -> None:
    Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8)).save(FOLDER / name, quality=quality, method=6)


def spread(values: Any, weights: Any, radius_px: float) -> Any:
    """A blur that takes nothing in from beside the person."""
    blur: Any = gaussian
    return blur(values * weights, radius_px) / np.maximum(blur(weights, radius_px), 0.02)


class Relief:
    """A person as plaster. `photo`: H x W x 3, 0 to 255; `depth`, `alpha`: H x W, 0 to 1."""

    def __init__(self, photo: Any, depth: Any, alpha: Any) -> None:
        self.photo, self.depth, self.alpha = photo / 255.0, depth, alpha
        inside = (depth > 0.03).astype(float)
        height = spread(depth, inside, SMOOTH_PX) * STEEP
        self.down, self.right = np.gradient(height)
        light = self.photo @ [0.3, 0.59, 0.11]
        self.detail = light - spread(light, alpha, DETAIL_PX)

    def tiles(self) -> Any:
        """2H x 2W: detail and slopes around 0.5; the slopes side by side at half their width, 1 being two slopes of 45
        degrees apart."""
        slopes = [0.5 + 0.5 * slope / np.sqrt(1 + slope**2) for slope in (self.right, self.down)]
        halves = [slope.reshape(*slope.shape[:1], -1, 2).mean(2) for slope in slopes]
        above = np.hstack([self.detail + 0.5, self.alpha])
        return np.vstack([above, np.hstack([*halves, self.depth])])

    def still(self) -> Image.Image:
        """The photo on the left; on the right plaster, on nothing."""
        steepness = np.sqrt(1 + self.right**2 + self.down**2)
        lit = (-self.right * LAMP[0] - self.down * LAMP[1] + LAMP[2]) / steepness
        plaster = 0.1 + 0.84 * lit.clip(0, 1) + 0.8 * self.detail
        across = np.linspace(0, 1, self.depth.shape[1])[None, :] + 0.12 * self.depth
        reached = np.clip((across - 0.5) / 0.03, 0, 1)
        reached = reached * reached * (3 - 2 * reached)
        there = reached * self.alpha
        opaque = 1 - reached + there
        colour = self.photo * (1 - reached[..., None]) + (plaster.clip(0, 1) * there)[..., None]
        both = np.dstack([colour / np.maximum(opaque, 1e-3)[..., None], opaque])
        return Image.fromarray((both.clip(0, 1) * 255).round().astype(np.uint8), "RGBA")


if __name__ == "__main__":
    main(*sys.argv[1:3])
