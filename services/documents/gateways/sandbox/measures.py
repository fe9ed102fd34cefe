"""What the pixels of a page say: how much is on it, and how sharp that is. Pages come in greys, 0 is black.

Documents are judged at the size of the paper, not of the file: a picture is brought to `DPI` first, and never enlarged.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Gray: TypeAlias = npt.NDArray[np.uint8]

DPI = 150
_TILE = 128
"""Pixels at `DPI`: some letters of some lines."""
_CONTRAST = 12.0
"""Standard deviation of the brightness of a tile with something on it; scanners' noise stays below 8."""
_SHARPEST = 75
"""Percentile of the tiles that counts: half a page may be a photograph or paper."""
_MARGIN = 0.05
"""Of each side that blankness does not look at: shadows and holes."""
_INK = 40
"""How much darker or brighter than the paper around it a pixel of something printed is."""


def at_paper_size(picture: Image.Image, short_inches: float) -> Gray:
    """The greys of a picture of a paper so wide, at `DPI` or less."""
    share = DPI / resolution(picture.size, short_inches)
    gray = picture if picture.mode == "L" else picture.convert("L")
    if share < 1:
        gray = gray.resize((max(1, round(gray.width * share)), max(1, round(gray.height * share))), Image.Resampling.BOX)
    return np.asarray(gray)


def resolution(size: tuple[int, int], short_inches: float) -> float:
    """Pixels per inch of the paper."""
    return min(size) / short_inches


def sharpness(page: Gray) -> float | None:
    """How steep edges are for their height, in the direction in which they are least so; None where there are none.

    Second differences of neighbours, squared, against the variance of the brightness, tile by tile: a blurred edge is as high as a
    sharp one, but bends less. Along and across the lines apart, since a moved page keeps the edges along its movement. Noise bends
    as well: the quietest tile shows how much of it there is.
    """
    tiles = _tiles(page.astype(np.float32))
    variances = tiles.var(axis=(1, 2))
    printed = variances > _CONTRAST**2
    if not printed.any():
        return None
    bends = (2 * tiles[:, 1:-1] - tiles[:, :-2] - tiles[:, 2:], 2 * tiles[:, :, 1:-1] - tiles[:, :, :-2] - tiles[:, :, 2:])
    bent = (bend.var(axis=(1, 2)) for bend in bends)
    return float(min(np.percentile((one - one.min())[printed] / variances[printed], _SHARPEST) for one in bent))


def ink(page: Gray) -> float:
    """The share of the page that differs from the paper around it, single pixels of noise apart."""
    height, width = page.shape
    top, left = round(height * _MARGIN), round(width * _MARGIN)
    inner = page[top : height - top, left : width - left].astype(np.float32)
    calm = _halved(inner)
    if calm.size == 0:
        return 0.0
    tiles = _tiles(calm, _TILE // 2)
    paper = np.median(tiles, axis=(1, 2), keepdims=True)
    return float((np.abs(tiles - paper) > _INK).mean())


def _tiles(page: npt.NDArray[np.float32], side: int = _TILE) -> npt.NDArray[np.float32]:
    """The page in squares, one after another; what is left over at the right and below is not looked at, unless it is all there is."""
    height, width = page.shape
    tall, wide = min(side, height), min(side, width)
    rows, columns = height // tall, width // wide
    cut = page[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide)
    return cut.swapaxes(1, 2).reshape(rows * columns, tall, wide)


def _halved(page: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Each pixel the mean of four."""
    height, width = (side // 2 * 2 for side in page.shape)
    even = page[:height, :width]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25)
