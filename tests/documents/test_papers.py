"""Generated papers are read well enough; `python -m deploy.evaluation ocr` prints the figures of a hundred."""

import io
from collections import Counter
from functools import cache

from PIL import Image

from deploy.evaluation.ocr import FOUND, MISTAKEN, evaluate
from deploy.papers import Kind, paper_of
from deploy.papers.people import Gender
from deploy.papers.press import FONTS, printed
from deploy.papers.scanner import Scan, scanned
from services.documents.gateways.sandbox.reading import skew

SEED = 1
PAPERS = 18
"""Each kind in each font once."""
made = cache(paper_of)
"""To draw, press and scan them takes as long as to read them."""


def test_a_number_gives_the_same_paper_every_time_and_another_seed_another() -> None:
    first, again, other = paper_of(4, seed=1), paper_of(4, seed=1), paper_of(4, seed=2)
    assert first == again
    assert (other.holder, other.content) != (first.holder, first.content)


def test_papers_vary_as_scans_do() -> None:
    papers = [made(number, seed=SEED) for number in range(PAPERS)]
    assert {paper.kind for paper in papers} == set(Kind)
    assert {paper.layout for paper in papers} == {"form", "text"}
    assert {paper.holder.gender for paper in papers} == set(Gender)
    assert len({paper.scan.dpi for paper in papers}) == 4
    assert all(abs(paper.scan.turned_degrees) <= 3 and 40 <= paper.scan.quality <= 90 for paper in papers)
    assert Counter(Image.open(io.BytesIO(paper.content)).format for paper in papers) == {"JPEG": PAPERS}


def test_a_turned_page_is_set_straight() -> None:
    page = printed(Kind.DIPLOMA, made(0, seed=SEED).holder, layout="form", font=FONTS[0])
    for turned in (-2.6, 0.0, 1.7):
        image = Image.open(io.BytesIO(scanned(page, Scan(dpi=200, turned_degrees=turned), printed_ppi=300))).convert("L")
        assert abs(skew(image, 200) + turned) < 0.3


def test_names_dates_and_numbers_are_found_and_hardly_ever_wrongly_contradicted() -> None:
    figures = evaluate(range(PAPERS), seed=SEED, paper=made)
    assert figures.papers == PAPERS
    assert figures.found >= FOUND, list(figures.rows())
    assert figures.mistaken <= MISTAKEN, list(figures.rows())
    assert figures.confused == 0, list(figures.rows())
