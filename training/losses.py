"""What the network is asked for. All maps are float32, batch x height x width; `mask` is 1 where a person is.

Inverse depth is asked for up to scale and shift (Ranftl et al., Towards Robust Monocular Depth Estimation, 2020):
both maps are brought to mean 0 and deviation 1 inside the mask before they are compared.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def depth_loss(guess: Tensor, truth: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The whole body's shape first. With slopes at .5 and the error at 1, nine tenths of the gradient at a pixel were
    about edges, and the coarse features, which decide what is before what, were hardly asked for anything."""
    goal = normalised(truth, mask, 1e-6).clamp(-4, 4)  # a hand at the lens may be 20 deviations away
    guess = normalised(guess, mask, 1e-3)
    error = guess - goal
    loss = 3 * masked_mean(error.abs(), mask)
    loss = loss + 0.15 * gradient_loss(error, mask)
    loss = loss + 0.2 * order_loss(guess, goal, mask, generator=generator)
    for side, weight in ((16, 0.15), (32, 0.3), (64, 0.3)):  # of 128 pixels: features of a face, a face, a trunk
        loss = loss + weight * relief_loss(guess, goal, mask, side, generator)
    return loss


def normals_loss(guess: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """1 minus the cosine of the angle between unit normals (batch x 3 x height x width), where the truth is known."""
    known = mask * (truth.square().sum(1) > 0.5)
    return masked_mean(1 - (guess * truth).sum(1), known)


def alpha_loss(logits: Tensor, alpha: Tensor) -> Tensor:
    """Cross entropy and absolute error, four times heavier in the soft band where hair is."""
    soft = ((alpha > 0.03) & (alpha < 0.97)).float()
    weight = 1 + 3 * F.max_pool2d(soft.unsqueeze(1), 3, 1, 1)[:, 0]
    entropy = F.binary_cross_entropy_with_logits(logits, alpha, weight)
    return entropy + 0.5 * ((torch.sigmoid(logits) - alpha).abs() * weight).mean()


def presence_loss(logits: Tensor, presence: Tensor) -> Tensor:
    """Cross entropy of batch logits against 0 or 1."""
    return F.binary_cross_entropy_with_logits(logits, presence)


def normalised(values: Tensor, mask: Tensor, floor: float) -> Tensor:
    """Mean 0 and deviation 1 inside each map's mask; `floor` is added to the deviation."""
    flat, inside = values.flatten(1), mask.flatten(1)
    count = inside.sum(1, keepdim=True).clamp(min=1)
    centred = flat - (flat * inside).sum(1, keepdim=True) / count
    variance = (centred.square() * inside).sum(1, keepdim=True) / count
    return (centred / ((variance + 1e-12).sqrt() + floor)).view(values.shape)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over each map's mask, then over the maps that have one."""
    count = mask.flatten(1).sum(1)
    each = (values * mask).flatten(1).sum(1) / count.clamp(min=1)
    return each.sum() / (count > 0).sum().clamp(min=1)


def gradient_loss(error: Tensor, mask: Tensor, scales: int = 4) -> Tensor:
    """Absolute slope of the error at distances of 1, 2, 4, 8 pixels: edges stay, surfaces are smooth."""
    total = error.new_zeros(())
    for step in (2**k for k in range(scales)):
        e, m = error[:, ::step, ::step], mask[:, ::step, ::step]
        total = total + masked_mean((e[:, :, 1:] - e[:, :, :-1]).abs(), m[:, :, 1:] * m[:, :, :-1])
        total = total + masked_mean((e[:, 1:] - e[:, :-1]).abs(), m[:, 1:] * m[:, :-1])
    return total


def order_loss(
    guess: Tensor,
    goal: Tensor,
    mask: Tensor,
    pairs: int = 512,
    margin: float = 0.15,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Which of two pixels is nearer, for random pairs more than `margin` deviations apart (softplus ranking)."""
    guess, goal, mask = guess.flatten(1), goal.flatten(1), mask.flatten(1)
    usable = mask.sum(1) > 8
    if not usable.any():
        return guess.sum() * 0
    guess, goal, mask = guess[usable], goal[usable], mask[usable]
    picks = torch.multinomial(mask, 2 * pairs, replacement=True, generator=generator)
    g, t = guess.gather(1, picks), goal.gather(1, picks)
    step, gap = g[:, :pairs] - g[:, pairs:], t[:, :pairs] - t[:, pairs:]
    wanted = (gap.abs() > margin).float()
    return (F.softplus(-4 * gap.sign() * step) * wanted).sum() / wanted.sum().clamp(min=1)


def relief_loss(
    guess: Tensor, goal: Tensor, mask: Tensor, side: int, generator: torch.Generator | None = None
) -> Tensor:
    """Absolute error and slope with an alignment of its own in every window of `side` pixels.

    One alignment for all lets a near hand own the picture while the face stays flat. The grid of windows is shifted
    at random. The floor, 3 % of the picture's deviation, is the least relief that still counts.
    """
    shift = torch.randint(side, (2,), generator=generator).tolist()
    g, t, m = (windows(v[:, shift[0] :, shift[1] :], side) for v in (guess, goal, mask))
    keep = m.flatten(1).mean(1) > 0.4
    if not keep.any():
        return guess.sum() * 0
    g, t, m = g[keep], t[keep], m[keep]
    error = normalised(g, m, 0.03) - normalised(t, m, 0.03).clamp(-3, 3)
    return masked_mean(error.abs(), m) + 0.5 * gradient_loss(error, m, scales=2)


def windows(values: Tensor, side: int) -> Tensor:
    """Maps cut into squares, stacked along the batch; what is left over at right and bottom is dropped."""
    count, height, width = values.shape
    rows, columns = height // side, width // side
    cut = values[:, : rows * side, : columns * side].reshape(count, rows, side, columns, side)
    return cut.transpose(2, 3).reshape(-1, side, side)
