"""Good and bad scans measured as documents measures them, and where the lines between them are."""

import io
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from PIL import Image, ImageDraw

from deploy.papers import Kind, holder_of
from deploy.papers.press import FONTS, printed
from deploy.papers.scanner import Fault, Scan, scanned
from services.documents.gateways.sandbox import measures
from services.documents.settings import Settings

RIGHT = 0.95
"""So many scans at least are judged rightly."""
_LAYOUTS = ("form", "text")
_PRINTED_PPI = 300
_PAPER_MM = (210, 148)
_SHORT_INCHES = 148 / 25.4
_MM_AT_150 = 25.4 / 150
"""One pixel of a scan with 150 dots per inch."""


class Truth(StrEnum):
    """What a scan truly is. The first two can be read."""

    GOOD = "good"
    STAMP = "nearly blank, with a stamp"
    DEFOCUSED = "out of focus"
    MOVED = "moved"
    ENLARGED = "enlarged from 60-90 dpi"
    COARSE = "60-90 dpi"
    BLANK = "blank"

    @property
    def expected(self) -> "Verdict":
        """How it should be judged; the reason has to be right, too."""
        return _EXPECTED[self]


class Verdict(StrEnum):
    """How a scan is judged."""

    FINE = "fine"
    BLURRED = "blurred"
    COARSE = "coarse"
    BLANK = "blank"


_EXPECTED = {
    Truth.GOOD: Verdict.FINE,
    Truth.STAMP: Verdict.FINE,
    Truth.DEFOCUSED: Verdict.BLURRED,
    Truth.MOVED: Verdict.BLURRED,
    Truth.ENLARGED: Verdict.BLURRED,
    Truth.COARSE: Verdict.COARSE,
    Truth.BLANK: Verdict.BLANK,
}
_GOOD = (*(Truth.GOOD,) * 4, Truth.STAMP)
_BAD = (Truth.DEFOCUSED, Truth.MOVED, Truth.ENLARGED, Truth.COARSE, Truth.BLANK)


@dataclass(frozen=True, slots=True)
class Lines:
    """Below these a scan is refused."""

    dpi: float
    sharpness: float
    ink: float

    @classmethod
    def of(cls, settings: Settings) -> "Lines":
        """As documents is set."""
        return cls(settings.scan_dpi_min, settings.scan_sharpness_min, settings.scan_ink_min)


@dataclass(frozen=True, slots=True)
class Measured:
    """A scan and its measures."""

    number: int
    truth: Truth
    dpi: float
    sharpness: float | None
    ink: float

    def judged(self, lines: Lines) -> Verdict:
        """As documents does it."""
        if self.ink < lines.ink:
            return Verdict.BLANK
        if self.dpi < lines.dpi:
            return Verdict.COARSE
        return Verdict.BLURRED if self.sharpness is not None and self.sharpness < lines.sharpness else Verdict.FINE


@dataclass(frozen=True, slots=True)
class Margin:
    """A line between what should pass and what should not, and how near to it both come, as a ratio. Below 1 they overlap."""

    line: float
    ratio: float


@dataclass
class Scans:
    """Measured scans, judged."""

    lines: Lines
    measured: list[Measured] = field(default_factory=list)

    @property
    def right(self) -> float:
        """The share that is judged rightly, for the right reason."""
        return sum(one.judged(self.lines) is one.truth.expected for one in self.measured) / len(self.measured)

    @property
    def is_met(self) -> bool:
        """Whether enough are."""
        return self.right >= RIGHT

    def rows(self) -> Iterator[tuple[Truth, Sequence[int]]]:
        """The confusion table: each truth with the counts of the verdicts."""
        counts = Counter((one.truth, one.judged(self.lines)) for one in self.measured)
        for truth in Truth:
            yield truth, [counts[truth, verdict] for verdict in Verdict]

    def margins(self) -> dict[str, Margin]:
        """For each measure the line in the widest gap: the one farthest, as a ratio, from the scans on either side of it.

        Where the two overlap, the gap is the one that leaves the fewest on the wrong side.
        """
        printed = [one for one in self.measured if one.truth is not Truth.BLANK]
        legible = [one for one in printed if one.truth is not Truth.COARSE and one.sharpness is not None]
        valued = {
            "sharpness": [(one.sharpness or 0.0, one.truth.expected is Verdict.FINE) for one in legible],
            "dpi": [(one.dpi, one.truth is not Truth.COARSE) for one in printed],
            "ink": [(one.ink, one.truth is not Truth.BLANK) for one in self.measured],
        }
        return {name: _margin(values) for name, values in valued.items() if len({is_good for _, is_good in values}) > 1}


def _margin(valued: Sequence[tuple[float, bool]]) -> Margin:
    values = sorted(value for value, _ in valued)

    def mistakes(line: float) -> int:
        return sum((value >= line) is not is_good for value, is_good in valued)

    tiny = 1e-6
    gaps = [(low, high) for low, high in itertools.pairwise(values) if high > low]
    low, high = min(gaps, key=lambda gap: (mistakes(gap[1]), -(gap[1] + tiny) / (gap[0] + tiny)))
    return Margin((low + tiny) ** 0.5 * (high + tiny) ** 0.5, (high + tiny) / (low + tiny))


def evaluate(numbers: Iterable[int], *, seed: int) -> Scans:
    """Measure the scans of these numbers, every second of them bad."""
    return Scans(Lines.of(Settings.model_construct()), [measured(number, seed=seed) for number in numbers])


def measured(number: int, *, seed: int) -> Measured:
    """The scan of this number, looked at."""
    truth, content = scan_of(number, seed=seed)
    picture = Image.open(io.BytesIO(content))
    page = measures.at_paper_size(picture, _SHORT_INCHES)
    dpi = measures.resolution(picture.size, _SHORT_INCHES)
    return Measured(number, truth, dpi, measures.sharpness(page), measures.ink(page))


def scan_of(number: int, *, seed: int) -> tuple[Truth, bytes]:
    """A JPEG and what it is."""
    chance = random.Random(f"scan:{seed}:{number}")  # noqa: S311 - no secret
    turn, is_bad = divmod(number, 2)
    truth = (_BAD if is_bad else _GOOD)[turn % len(_BAD)]
    page = _page(truth, number, chance, seed=seed)
    return truth, scanned(page, _spoilt(Scan.by_chance(chance), truth, chance), printed_ppi=_PRINTED_PPI)


def _page(truth: Truth, number: int, chance: random.Random, *, seed: int) -> bytes:
    if truth is Truth.BLANK:
        return _empty(chance)
    if truth is Truth.STAMP:
        return _stamped(chance)
    kind = chance.choice(tuple(Kind))
    return printed(kind, holder_of(number, seed=seed), layout=chance.choice(_LAYOUTS), font=chance.choice(FONTS))


def _spoilt(scan: Scan, truth: Truth, chance: random.Random) -> Scan:
    if truth is Truth.DEFOCUSED:
        return replace(scan, fault=Fault(defocus_mm=chance.uniform(1.5, 4) * _MM_AT_150))
    if truth is Truth.MOVED:
        return replace(scan, fault=Fault(motion_mm=chance.uniform(5, 15) * _MM_AT_150, is_across=chance.random() < 0.5))  # noqa: PLR2004
    if truth is Truth.ENLARGED:
        return replace(scan, fault=Fault(detail_dpi=chance.randint(60, 90)))
    return replace(scan, dpi=chance.randint(60, 90)) if truth is Truth.COARSE else scan


def _empty(chance: random.Random) -> bytes:
    """A sheet with nothing but specks of dust."""
    sheet = _sheet()
    draw = ImageDraw.Draw(sheet)
    for _ in range(chance.randrange(20)):
        x, y, size = chance.randrange(sheet.width), chance.randrange(sheet.height), chance.randint(2, 9)
        draw.ellipse((x, y, x + size, y + size), fill=(90, 90, 90))
    return _png(sheet)


def _stamped(chance: random.Random) -> bytes:
    """The back of a paper: one round stamp and a signature."""
    sheet = _sheet()
    draw = ImageDraw.Draw(sheet)
    radius = round(19 / 25.4 * _PRINTED_PPI)
    x, y = chance.randrange(2 * radius, sheet.width - 2 * radius), chance.randrange(2 * radius, sheet.height - 2 * radius)
    for inner in (radius, radius - 16, radius // 2):
        draw.ellipse((x - inner, y - inner, x + inner, y + inner), outline=(60, 70, 160), width=5)
    draw.text((x, y), "М.П.", fill=(60, 70, 160), font_size=60, anchor="mm")
    points = [(x - radius + step * 40, y + radius + chance.randrange(-60, 60)) for step in range(12)]
    draw.line(points, fill=(40, 40, 120), width=6)
    return _png(sheet)


def _sheet() -> Image.Image:
    width, height = (round(side / 25.4 * _PRINTED_PPI) for side in _PAPER_MM)
    return Image.new("RGB", (width, height), "white")


def _png(image: Image.Image) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "PNG", compress_level=1)
    return kept.getvalue()
