"""Scans are judged as people would; `python -m deploy.evaluation scans` prints the table of four hundred."""

import numpy as np
import pytest
from PIL import Image

from deploy.evaluation.scans import RIGHT, Lines, Measured, Scans, Truth, Verdict, evaluate
from services.documents.gateways.sandbox import measures

SCANS = 20
"""Each kind of fault twice."""
WHITE = np.full((600, 800), 255, dtype=np.uint8)


def test_good_scans_pass_and_bad_ones_are_named() -> None:
    figures = evaluate(range(SCANS), seed=1)
    assert {one.truth for one in figures.measured} == set(Truth)
    assert figures.right >= RIGHT, list(figures.rows())
    assert sum(count for _, counts in figures.rows() for count in counts) == SCANS


def test_a_line_lies_in_the_widest_gap_and_says_how_wide_it_is() -> None:
    lines = Lines(dpi=120, sharpness=0.3, ink=0.001)
    good = [Measured(number, Truth.GOOD, 200, sharpness, 0.04) for number, sharpness in enumerate((0.4, 0.5, 0.9))]
    bad = [Measured(number, Truth.MOVED, 200, sharpness, 0.04) for number, sharpness in enumerate((0.01, 0.02, 0.1))]
    figures = Scans(lines, [*good, *bad])
    assert figures.right == 1
    margin = figures.margins()["sharpness"]
    assert (round(margin.line, 3), round(margin.ratio, 2)) == (0.2, 4.0)


@pytest.mark.parametrize(
    ("dpi", "sharpness", "ink", "verdict"),
    [
        (200, 0.5, 0.04, Verdict.FINE),
        (200, None, 0.04, Verdict.FINE),
        (200, 0.2, 0.04, Verdict.BLURRED),
        (100, 0.2, 0.04, Verdict.COARSE),
        (100, 0.2, 0.0001, Verdict.BLANK),
    ],
)
def test_the_graver_fault_is_named(dpi: float, sharpness: float | None, ink: float, verdict: Verdict) -> None:
    assert Measured(0, Truth.GOOD, dpi, sharpness, ink).judged(Lines(dpi=120, sharpness=0.3, ink=0.001)) is verdict


def lines_of_text() -> np.ndarray:
    page = WHITE.copy()
    for top in range(60, 540, 24):
        for left in range(80, 720, 9):
            page[top : top + 12, left : left + 3] = 20
    return page


@pytest.mark.parametrize("size", [(1, 1), (2, 600), (90, 90), (800, 600)])
def test_any_size_can_be_measured(size: tuple[int, int]) -> None:
    page = np.full(size, 200, dtype=np.uint8)
    assert measures.sharpness(page) is None
    assert measures.ink(page) == 0


def test_noise_is_neither_ink_nor_sharpness() -> None:
    grain = np.random.default_rng(1).normal(0, 8, WHITE.shape)
    noisy = (200 + grain).clip(0, 255).astype(np.uint8)
    assert measures.ink(noisy) < 0.0001
    assert measures.sharpness(noisy) is None
    clean = measures.sharpness(lines_of_text())
    grained = measures.sharpness((lines_of_text() * 0.8 + 20 + grain).clip(0, 255).astype(np.uint8))
    assert clean is not None
    assert grained is not None
    assert abs(grained - clean) / clean < 0.1


def test_dark_pages_with_bright_letters_have_as_much_ink() -> None:
    assert measures.ink(255 - lines_of_text()) == measures.ink(lines_of_text()) > 0.01


def test_a_picture_is_reduced_to_the_size_of_the_paper_and_never_enlarged() -> None:
    assert measures.at_paper_size(Image.new("RGB", (3000, 2000)), 10).shape == (1500, 2250)
    assert measures.at_paper_size(Image.new("L", (300, 200)), 10).shape == (200, 300)
    assert measures.resolution((300, 200), 10) == 20
