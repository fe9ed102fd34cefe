"""Pages measured where hostile files are looked at: honest ones pass in every format, and bad ones are named with their page."""

import io
from collections.abc import AsyncIterator
from datetime import date

import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from contracts.documents import DocumentType
from deploy.evaluation.scans import Truth
from deploy.journey import files
from deploy.journey.people import invent_person
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.rules import RULES
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector, Limits, Lines
from services.documents.gateways.nursery import Nursery
from services.documents.settings import Settings
from tests.documents import samples
from tests.documents.corpus.makers import scans

CODES: dict[Truth, list[FindingCode]] = {
    Truth.GOOD: [],
    Truth.STAMP: [],
    Truth.DEFOCUSED: [FindingCode.IMAGE_BLURRED],
    Truth.MOVED: [FindingCode.IMAGE_BLURRED],
    Truth.ENLARGED: [FindingCode.IMAGE_BLURRED],
    Truth.COARSE: [FindingCode.RESOLUTION_TOO_LOW],
    Truth.BLANK: [FindingCode.PAGE_BLANK],
}
PERSON = invent_person("legible", today=date(2026, 11, 23))


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[Inspector]:
    set_to = Settings.model_construct()
    lines = Lines(set_to.scan_dpi_min, set_to.scan_sharpness_min, set_to.scan_ink_min, measured_pages=3)
    limits = Limits(cpu_seconds=10, memory_bytes=set_to.check_memory_bytes, pages=20, objects=50_000, pixels=100_000_000, page_mm=5_000)
    nursery = Nursery()
    yield Inspector(nursery, limits, lines, wall_seconds=60)
    await nursery.close()


async def measured(inspector: Inspector, content: bytes, document_type: DocumentType = DocumentType.DIPLOMA) -> tuple[Finding, ...]:
    async def whole() -> AsyncIterator[bytes]:
        yield content

    with await Held.of(whole()) as held, inspector.room(held) as room:
        return await inspector.measure(room, paper_mm=RULES[document_type].paper_mm)


def scanned_pdf(*scans: bytes) -> bytes:
    """Each JPEG as it is on a page of A5."""
    made = pikepdf.new()
    for scan in scans:
        with Image.open(io.BytesIO(scan)) as image:
            (width, height), mode = image.size, image.mode
        made.add_blank_page(page_size=(595, 420))
        picture = pikepdf.Stream(
            made,
            scan,
            Dictionary(
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=width,
                Height=height,
                ColorSpace=Name.DeviceGray if mode == "L" else Name.DeviceRGB,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
            ),
        )
        made.pages[-1].Resources = Dictionary(XObject=Dictionary(Scan=picture))
        made.pages[-1].Contents = pikepdf.Stream(made, b"q 595 0 0 420 0 0 cm /Scan Do Q")
    return samples.saved(made)


@pytest.mark.parametrize("truth", Truth)
async def test_a_scan_is_judged_alike_as_a_picture_and_in_a_pdf(inspector: Inspector, truth: Truth) -> None:
    for content in (scans()[truth], scanned_pdf(scans()[truth])):
        assert [finding.code for finding in await measured(inspector, content)] == CODES[truth]


@pytest.mark.parametrize("content", [samples.pdf(), samples.jpeg(), samples.png()], ids=["pdf", "jpeg", "png"])
async def test_honest_samples_pass(inspector: Inspector, content: bytes) -> None:
    assert await measured(inspector, content) == ()


async def test_the_first_page_with_each_fault_is_named_once(inspector: Inspector) -> None:
    made = scanned_pdf(scans()[Truth.GOOD], scans()[Truth.MOVED], scans()[Truth.DEFOCUSED])
    assert await measured(inspector, made) == (Finding(FindingCode.IMAGE_BLURRED, {"page": 2}),)


async def test_empty_pages_among_others_are_named_to_the_reviewer_and_later_pages_are_not_looked_at(inspector: Inspector) -> None:
    [finding] = await measured(inspector, scanned_pdf(scans()[Truth.BLANK], scans()[Truth.GOOD], scans()[Truth.BLANK]))
    assert finding == Finding(FindingCode.SOME_PAGES_BLANK, {"pages": "1, 3"}, is_warning=True)
    assert finding.sentence("Диплом").startswith("«Диплом»: на части страниц ничего не видно, их номера: 1, 3. ")
    assert await measured(inspector, scanned_pdf(*[scans()[Truth.GOOD]] * 3, scans()[Truth.MOVED])) == ()


async def test_a_coarse_page_is_told_what_it_has_and_what_it_needs(inspector: Inspector) -> None:
    [finding] = await measured(inspector, scans()[Truth.COARSE])
    assert 50 < int(finding.facts["dpi"]) < 100
    assert finding.facts["dpi_min"] == 120
    assert finding.sentence("Диплом").startswith(f"«Диплом»: страница 1 слишком мелкая: {finding.facts['dpi']} точек на дюйм")


async def test_a_file_in_a_chat_need_not_be_a_paper_but_something(inspector: Inspector) -> None:
    assert await measured(inspector, scans()[Truth.MOVED], DocumentType.CHAT_ATTACHMENT) == ()
    assert await measured(inspector, samples.jpeg(320, 200), DocumentType.CHAT_ATTACHMENT) == ()
    blank = await measured(inspector, scans()[Truth.BLANK], DocumentType.CHAT_ATTACHMENT)
    assert [finding.code for finding in blank] == [FindingCode.PAGE_BLANK]


@pytest.mark.parametrize(
    ("document_type", "make"),
    [
        (DocumentType.DIPLOMA, files.diploma),
        (DocumentType.LICENCE, files.licence),
        (DocumentType.TRAINING_CERTIFICATE, files.training_certificate),
        (DocumentType.GOSUSLUGI_CONFIRMATION, files.gosuslugi_confirmation),
        (DocumentType.PASSPORT, files.passport_scan),
        (DocumentType.SNILS, files.snils_scan),
        (DocumentType.SUPPORTING, files.supporting),
    ],
)
async def test_what_the_invented_people_bring_is_legible(inspector: Inspector, document_type: DocumentType, make) -> None:  # type: ignore[no-untyped-def]
    assert await measured(inspector, make(PERSON).content, document_type) == ()


@pytest.mark.parametrize("document_type", DocumentType)
async def test_an_a4_scan_of_150_dpi_passes_whatever_the_type(inspector: Inspector, document_type: DocumentType) -> None:
    assert await measured(inspector, samples.jpeg(1240, 1754), document_type) == ()
