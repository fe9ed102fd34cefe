"""What a scanner does to a page: paper that is not white, noise, a slight turn, loss of sharpness and of detail."""

import io
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter

_DPI = (150, 200, 240, 300)
_TURN_DEGREES = 3.0
_QUALITY = range(40, 91)


_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Fault:
    """What makes a scan unusable. Lengths are on the paper, so that they spoil a fine scan as much as a coarse one."""

    defocus_mm: float = 0.0
    """Radius of the blur."""
    motion_mm: float = 0.0
    """By how much the page was moved, along its lines or across."""
    is_across: bool = False
    detail_dpi: int | None = None
    """The resolution from which the picture was enlarged."""

    def spoil(self, image: Image.Image, dpi: int) -> Image.Image:
        """The image as it would have come out."""
        if self.detail_dpi is not None:
            share = self.detail_dpi / dpi
            coarse = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)
            image = coarse.resize(image.size, Image.Resampling.BICUBIC)
        if self.motion_mm:
            image = _moved(image, max(2, round(self.motion_mm / _MM_PER_INCH * dpi)), axis=0 if self.is_across else 1)
        return image.filter(ImageFilter.GaussianBlur(self.defocus_mm / _MM_PER_INCH * dpi)) if self.defocus_mm else image


def _moved(image: Image.Image, pixels: int, *, axis: int) -> Image.Image:
    """Each pixel is the mean of so many in a row."""
    sums = np.cumsum(np.asarray(image, dtype=np.float32), axis=axis)
    near, far = (sums[pixels:], sums[:-pixels]) if axis == 0 else (sums[:, pixels:], sums[:, :-pixels])
    return Image.fromarray(((near - far) / pixels).clip(0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Scan:
    """How a page is scanned; `seed` makes its noise."""

    dpi: int = 300
    turned_degrees: float = 0.0
    quality: int = 85
    noise: float = 4.0
    """Standard deviation of the brightness, of 255."""
    blur: float = 0.0
    """Radius in pixels at the resolution of the scan."""
    fault: "Fault | None" = None
    paper: tuple[int, int, int] = (250, 249, 244)
    is_gray: bool = False
    seed: int = 1

    @classmethod
    def by_chance(cls, chance: random.Random) -> "Scan":
        """An ordinary one, from a poor office scanner to a good one."""
        tint = chance.randrange(232, 256)
        return cls(
            dpi=chance.choice(_DPI),
            turned_degrees=chance.uniform(-_TURN_DEGREES, _TURN_DEGREES),
            quality=chance.choice(_QUALITY),
            noise=chance.uniform(1, 8),
            blur=chance.uniform(0, 0.6),
            paper=(tint, tint - chance.randrange(4), tint - chance.randrange(14)),
            is_gray=chance.random() < 0.4,  # noqa: PLR2004 - a share
            seed=chance.randrange(2**31),
        )


def scanned(page: bytes, scan: Scan, *, printed_ppi: int) -> bytes:
    """The page, a PNG of `printed_ppi`, as JPEG."""
    image = _opened(page)
    turned = image.rotate(scan.turned_degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    share = scan.dpi / printed_ppi
    small = turned.resize((round(turned.width * share), round(turned.height * share)), Image.Resampling.LANCZOS)
    soft = small.filter(ImageFilter.GaussianBlur(scan.blur))
    if scan.fault is not None:
        soft = scan.fault.spoil(soft, scan.dpi)
    grain = np.random.default_rng(scan.seed).normal(0, scan.noise, (soft.height, soft.width, 1))
    light = np.asarray(soft, dtype=np.float32).reshape(soft.height, soft.width, -1)
    on_paper = light / 255 * np.asarray(scan.paper, dtype=np.float32) + grain
    picture = Image.fromarray(on_paper.clip(0, 255).astype(np.uint8))
    kept = io.BytesIO()
    (picture.convert("L") if scan.is_gray else picture).save(kept, "JPEG", quality=scan.quality, dpi=(scan.dpi, scan.dpi))
    return kept.getvalue()


def _opened(page: bytes) -> Image.Image:
    """In colour only where there is some: three equal channels take three times as long to turn and to make smaller."""
    image = Image.open(io.BytesIO(page)).convert("RGB")
    red, green, blue = image.split()
    is_colourless = ImageChops.difference(red, green).getbbox() is None and ImageChops.difference(green, blue).getbbox() is None
    return red if is_colourless else image
