"""What is made of accepted files: pictures of pages, and PDFs of JPEGs with their very bytes."""

import io
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import httpx
import numpy as np
import pikepdf
import pytest
from PIL import Image

from contracts.documents import DocumentAccepted, DocumentRemoved, DocumentType
from contracts.identity import RegistrationLapsed
from services.documents.domain.documents import State
from services.documents.gateways.failures import LookCut
from services.documents.gateways.nursery import End, Overcome
from services.documents.gateways.sandbox import pages, renditions
from services.documents.usecases.uploads import Announced
from tests.documents import samples
from tests.documents.house import OWNER, House, chunks
from tests.documents.person import Person
from tests.support import Component, Signer

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"


def preview(content: bytes, media_type: str, page: int = 1, longest: int = 800) -> Image.Image:
    made = renditions.preview(content, media_type, {"page": page, "longest": longest})
    return Image.open(io.BytesIO(made), formats=["PNG"])


def stamped(colour: tuple[int, int, int]) -> bytes:
    """A grey sheet with a seal."""
    sheet = Image.new("RGB", (1240, 1754), (245, 245, 240))
    sheet.paste(colour, (900, 1500, 1050, 1650))
    return saved(sheet, "PNG")


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


@pytest.mark.parametrize(("content", "media_type"), [(samples.pdf(), PDF), (samples.jpeg(), JPEG), (samples.png(), PNG)])
def test_a_page_is_pictured_within_its_size_as_it_is(content: bytes, media_type: str) -> None:
    made = preview(content, media_type)
    assert max(made.size) == 800
    with pages.opened(content, media_type) as opened:
        wanted = opened.picture(0, 800)
    assert made.size == wanted.size
    difference = np.asarray(made.convert("L"), dtype=np.int16) - np.asarray(wanted.convert("L"), dtype=np.int16)
    assert np.abs(difference).max() <= 255 // 15, "sixteen greys are enough to read by"


def test_a_page_without_colours_is_small_and_a_seal_keeps_its_colour() -> None:
    assert preview(stamped((90, 90, 96)), PNG).mode == "P"
    seal = preview(stamped((40, 60, 200)), PNG)
    assert (seal.mode, seal.getpixel((int(975 * 800 / 1754), int(1575 * 800 / 1754)))) == ("RGB", (40, 60, 200))


def test_a_picture_that_lies_on_its_side_stands_up_and_says_nothing_of_itself() -> None:
    lying = Image.new("RGB", (900, 600), "white")
    lying.paste("black", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "a camera"
    made = preview(saved(lying, "JPEG", exif=exif), JPEG)
    assert made.size == (533, 800)
    assert made.convert("L").getpixel((520, 10)) == 0, "its left upper corner is now the right one"
    assert not made.getexif()
    assert set(made.info) <= {"transparency"}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_pdf_of_a_jpeg_has_its_very_bytes_on_a_sheet(mode: str) -> None:
    content = saved(Image.new(mode, (1240, 1754)), "JPEG", quality=70)
    made = renditions.as_pdf(content, JPEG, {})
    with pikepdf.open(io.BytesIO(made)) as pdf:
        [page] = pdf.pages
        [image] = page.get_images().values()
        assert bytes(image.read_raw_bytes()) == content
        assert [round(float(side)) for side in page.mediabox] == [0, 0, 595, 842]
    assert renditions.as_pdf(content, JPEG, {}) == made, "made again it is the same"


def test_the_pdf_of_a_phones_picture_has_the_picture_alone_also_when_what_lies_behind_was_cut_off() -> None:
    picture, film = (Image.effect_noise(size, 50).convert("RGB") for size in ((400, 600), (200, 300)))
    content = saved(picture, "MPO", save_all=True, append_images=[film])
    end = content.index(b"\xff\xd9\xff\xd8") + 2
    for sent in (content, content[:end]):
        with pikepdf.open(io.BytesIO(renditions.as_pdf(sent, JPEG, {}))) as pdf:
            [page] = pdf.pages
            [image] = page.get_images().values()
            assert bytes(image.read_raw_bytes()) == content[:end]


class TestRendering:
    """On fakes."""

    async def accepted(self, house: House) -> DocumentAccepted:
        await house.accepted()
        [told] = house.begin.events(DocumentAccepted)
        return told

    async def test_the_first_pages_of_an_accepted_file_are_pictured_once(self, house: House) -> None:
        told = await self.accepted(house)
        await house.worker.rendering.make(told)
        [(key, made)] = house.renditions.stored.items()
        assert (made.pages, made.has_pdf) == (2, False)
        assert house.files.stored[f"{key}.page-1.png"] == b"first"
        reads = len(house.files.read_keys)
        await house.worker.rendering.make(told.model_copy(update={"event_id": uuid4()}))
        assert len(house.files.read_keys) == reads

    async def test_a_page_that_is_too_much_ends_the_pictures_and_changes_no_verdict(self, house: House) -> None:
        told = await self.accepted(house)
        house.inspector.pages[1] = Overcome(End(-24, 0))
        await house.worker.rendering.make(told)
        assert [made.pages for made in house.renditions.stored.values()] == [1]
        assert house.documents.stored[told.document_id].state is State.ACCEPTED

    async def test_a_scan_that_cannot_be_bound_has_its_pictures(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        content = samples.jpeg()
        announced = Announced("скан.jpg", JPEG, len(content))
        await house.usecases.uploads.add(DocumentType.DIPLOMA, announced, chunks(content), owner_id=OWNER)
        await house.check()
        monkeypatch.setattr(type(house.inspector), "as_pdf", AsyncMock(side_effect=Overcome(End(1, 0))))
        [told] = house.begin.events(DocumentAccepted)
        await house.worker.rendering.make(told)
        assert [(made.pages, made.has_pdf) for made in house.renditions.stored.values()] == [(2, False)]

    async def test_a_look_that_was_cut_is_repeated(self, house: House) -> None:
        told = await self.accepted(house)
        house.inspector.pages[0] = LookCut("прервалось", retry_after_seconds=1)
        with pytest.raises(LookCut):
            await house.worker.rendering.make(told)
        house.inspector.pages[0] = b"first"
        await house.worker.rendering.make(told)
        assert [made.pages for made in house.renditions.stored.values()] == [2]

    async def test_what_was_made_stays_while_another_document_has_the_same_bytes(self, house: House) -> None:
        told = await self.accepted(house)
        await house.worker.rendering.make(told)
        [key] = house.renditions.stored
        twin = await house.upload()
        assert twin.file().object_key == key
        for gone in (told.document_id, twin.id):
            del house.documents.stored[gone]
            names = told.model_dump(include={"owner_id", "document_type", "file_version", "occurred_at"})
            await house.usecases.retention.remove_objects(DocumentRemoved(document_id=told.document_id, version=9, **names))
            is_kept = gone == told.document_id
            assert (key in house.renditions.stored, f"{key}.page-1.png" in house.files.stored) == (is_kept, is_kept)

    async def test_what_was_made_goes_with_its_owner(self, house: House) -> None:
        told = await self.accepted(house)
        await house.worker.rendering.make(told)
        [key] = house.renditions.stored
        await house.usecases.removals.remove_lapsed(RegistrationLapsed(occurred_at=house.clock.now(), owner_id=OWNER))
        assert house.renditions.stored == {}
        assert [one for one in house.files.stored if one.startswith(key)] == []

    async def test_what_was_made_goes_with_an_infected_original(self, house: House) -> None:
        told = await self.accepted(house)
        await house.worker.rendering.make(told)
        [key] = house.renditions.stored
        await house.worker.isolation.remove_original(told.document_id, told.file_version)
        assert [one for one in house.files.stored if one.startswith(key)] == []


async def link(service: Component, document_id: str, headers: dict[str, str], **wanted: Any) -> httpx.Response:
    return await service.client.post(f"/documents/{document_id}/links", json=wanted, headers=headers)


async def test_an_accepted_scan_has_pictures_and_a_pdf_to_download(service: Component, signer: Signer) -> None:
    person, content = Person(service, signer), samples.jpeg()
    document_id = (await person.upload(content, "passport", **person.upload_headers("паспорт.jpg", "image/jpeg"))).json()["document_id"]
    file = (await person.pictured(document_id))["file"]
    assert (file["previews"], file["has_pdf"]) == (1, True)
    answers = [await link(service, document_id, person.headers, kind=kind) for kind in ("original", "pdf", "preview")]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    async with httpx.AsyncClient() as outside:
        got = [await outside.get(answer.json()["url"]) for answer in answers]
    assert got[0].content == content
    assert [one.headers["content-type"] for one in got] == ["image/jpeg", "application/pdf", "image/png"]
    assert all(one.headers["content-disposition"].startswith("attachment") for one in got)
    assert Image.open(io.BytesIO(got[2].content)).size == Image.open(io.BytesIO(content)).size, "nothing is enlarged"
    missing = await link(service, document_id, person.headers, kind="preview", page=2)
    assert (missing.status_code, missing.json()["code"]) == (404, "rendition-not-found")
    stranger = await link(service, document_id, Person(service, signer).headers, kind="preview")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "document-not-found")
