"""One alpha out of what several looks and networks say."""

from typing import Final

import numpy as np

from depth import maps
from depth.maps import Map

SILHOUETTE_PX: Final = 6
"""Of the raster, to either side of the silhouette: how far hair, fingers and doubt reach."""

STRAY: Final = 0.02
"""Share of a neighbourhood that may disagree with it: a speck, not a finger."""

UNSURE: Final = 0.01
"""Alpha closer to 0 or 1 than this says no more than this: no network is as sure as it sounds."""


def agreed(first: Map, second: Map | None, weight: float | Map) -> Map:
    """One alpha out of two: the mean of their log-odds, so that the surer one decides. `weight`: the second's, 0-1."""
    if second is None:
        return first.clip(0, 1)
    share = np.asarray(weight, np.float32)
    odds = _odds(first) ** (1 - share) * _odds(second) ** share
    result: Map = ((odds / (1 + odds) - UNSURE) / (1 - 2 * UNSURE)).clip(0, 1)
    return result


def decided(alpha: Map) -> Map:
    """Alpha that leaves doubt to the silhouette: half-tones deep inside a person become 1, haze around one 0."""
    mostly = maps.box_mean((maps.box_mean(alpha, 1) > 0.5).astype(np.float32), SILHOUETTE_PX)
    result: Map = np.where(mostly > 1 - STRAY, np.float32(1), np.where(mostly < STRAY, np.float32(0), alpha))
    return result


def _odds(alpha: Map) -> Map:
    kept = alpha.clip(UNSURE, 1 - UNSURE)
    result: Map = kept / (1 - kept)
    return result
