"""What light, lens, sensor and file do to a picture."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def photographed(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Light, white balance, tone, black and white, lens, sensor and JPEG of a 3 x S x S picture in [0, 1]."""
    dark = rng.random() < 0.08
    gain = torch.tensor(rng.uniform(0.65, 1.35) * rng.uniform(0.88, 1.12, (3, 1, 1)), dtype=torch.float32)
    image = (image * gain).clamp(1e-4, 1) ** float(np.exp(rng.normal(0, 0.22)))
    if dark:
        image = image * float(rng.uniform(0.12, 0.5))
    if rng.random() < 0.35:
        grey = image.mean(0, keepdim=True)
        image = grey + (image - grey) * float(0 if rng.random() < 0.35 else rng.uniform(0.2, 1.4))
    if rng.random() < 0.25:
        image = image * vignette(rng, image.shape[-1])
    if rng.random() < 0.3:
        side = image.shape[-1]
        small = F.interpolate(image[None], size=(int(side * rng.uniform(0.35, 0.9)),) * 2, mode="area")
        image = F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False)[0]
    if dark or rng.random() < 0.6:
        deviation = rng.exponential(0.02) + 0.02 * dark
        image = image + torch.from_numpy(rng.normal(0, deviation, image.shape).astype(np.float32))
    image = image.clamp(0, 1)
    return compressed(image, int(rng.integers(30, 95))) if rng.random() < 0.4 else image


def vignette(rng: np.random.Generator, side: int) -> Tensor:
    ramp = torch.linspace(-1, 1, side)
    return 1 - float(rng.uniform(0.1, 0.6)) * (ramp[None] ** 2 + ramp[:, None] ** 2) / 2


def compressed(image: Tensor, quality: int) -> Tensor:
    pixels = (image.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer), np.float32) / 255).permute(2, 0, 1)
