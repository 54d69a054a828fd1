"""Convolutions that are quick to learn with on a CPU.

Forwards torch is quick. Backwards, a depthwise convolution takes six times what it took forwards, and bfloat16 makes
that worse; so its gradients are written down here, as what is quick: again a convolution for the input, sums of
products that the compiler joins (g++ is needed) for the weights. With them, and bfloat16 everywhere but in the heads,
forwards and backwards take 25 ms for a picture of 256 px on one core instead of 54, and 15 ms at 192 px instead of 29.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

HEAD = 3
"""Most channels of a layer that is computed in float32: what it gives is compared with the truth."""

JOINED = 64
"""Channels from which on the compiled sums are quicker than torch's own gradient."""

torch._dynamo.config.recompile_limit = 100  # one program for each layer and size of picture; 8 are torch's limit


def convolution(x: Tensor, weight: Tensor, bias: Tensor, stride: list[int], padding: list[int], groups: int) -> Tensor:
    """N x C x H x W, channels last, in the precision of x: depthwise, 1 x 1, or any other."""
    if len(weight) <= HEAD:
        return F.conv2d(x.float(), weight, bias, stride, padding, 1, groups)
    weight, bias = weight.to(x.dtype), bias.to(x.dtype)
    if groups == len(weight):
        return Depthwise.apply(x, weight, bias, stride, padding)
    if weight.shape[2:] == (1, 1) and stride == [1, 1]:
        return F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, bias, stride, padding, 1, groups)


class Depthwise(torch.autograd.Function):
    """A square filter of its own for each channel."""

    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: list[int], padding: list[int]) -> Tensor:
        context.save_for_backward(x, weight)
        context.stride, context.padding = stride, padding
        return F.conv2d(x, weight, bias, stride, padding, 1, len(weight))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = context.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x, of_weight, of_bias = context.needs_input_grad[:3]
        return (
            of_input(gradient, weight, x.shape, context.stride, context.padding) if of_x else None,
            of_filters(gradient, x, weight, context.stride, context.padding) if of_weight else None,
            gradient.sum((0, 2, 3)) if of_bias else None,
            None,
            None,
        )


def of_input(gradient: Tensor, weight: Tensor, shape: torch.Size, stride: list[int], padding: list[int]) -> Tensor:
    """The gradient, a row and column of 0 for each that was stepped over, under the filters turned by 180 degrees."""
    size = weight.shape[-1]
    below, right = (
        length - ((kept - 1) * step + 1) - size + 1 + 2 * pad
        for length, kept, step, pad in zip(shape[2:], gradient.shape[2:], stride, padding, strict=True)
    )
    spread = gradient
    if stride != [1, 1] or below or right:
        rows, columns = ((kept - 1) * step + 1 for kept, step in zip(gradient.shape[2:], stride, strict=True))
        spread = gradient.new_zeros(len(gradient), rows + below, columns + right, len(weight)).permute(0, 3, 1, 2)
        spread[:, :, : rows : stride[0], : columns : stride[1]] = gradient
    return F.conv2d(spread, weight.flip(2, 3), None, 1, [size - 1 - pad for pad in padding], 1, len(weight))


def of_filters(gradient: Tensor, x: Tensor, weight: Tensor, stride: list[int], padding: list[int]) -> Tensor:
    if len(weight) < JOINED:
        wanted = [False, True, False]
        arguments = (gradient, x, weight, None, stride, padding, [1, 1], False, [0, 0], len(weight), wanted)
        return torch.ops.aten.convolution_backward(*arguments)[1]
    padded = F.pad(x, [padding[1]] * 2 + [padding[0]] * 2).permute(0, 2, 3, 1)
    sums = correlated(padded, gradient.permute(0, 2, 3, 1), weight.shape[-1], stride)
    return sums.T.reshape(weight.shape).to(weight.dtype)


@torch.compile(dynamic=False)
def correlated(x: Tensor, gradient: Tensor, size: int, stride: list[int]) -> Tensor:
    """size x size, C: sums of products of N x H x W x C with a gradient at each place of the filter, in float32."""
    rows, columns = ((length - 1) * step + 1 for length, step in zip(gradient.shape[1:3], stride, strict=True))
    seen = [
        x[:, top : top + rows : stride[0], left : left + columns : stride[1]]
        for top in range(size)
        for left in range(size)
    ]
    return torch.stack([(part.float() * gradient.float()).sum((0, 1, 2)) for part in seen])
