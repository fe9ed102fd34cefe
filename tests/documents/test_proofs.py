"""Whole files looked at for the portal's code and for electronic signatures."""

import io
from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image

from contracts.documents import DocumentType
from deploy.journey import files
from deploy.journey.people import invent_person
from services.documents.domain.findings import Declared, Finding, FindingCode
from services.documents.domain.rules import RULES, MediaType
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector, Limits, Lines, Trust
from services.documents.gateways.nursery import Nursery
from services.documents.gateways.sandbox import opening, proofs
from services.documents.settings import Settings
from services.documents.usecases.checks.port import Check, Subject
from services.documents.usecases.checks.proofs import Code, Signature
from tests.documents import samples, signing
from tests.documents.signing import Holder

PERSON = invent_person("proofs", today=date(2026, 11, 23))
CONFIRMATION = files.gosuslugi_confirmation(PERSON).content
FOREIGN = "https://example.com/confirmation"


def asked(**other: Any) -> dict[str, Any]:
    return {"hosts": ["www.gosuslugi.ru"], "code_pages": 2, "roots": None, "is_needed": False} | other


def sheet(text: str | None) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    if text:
        content = io.BytesIO()
        segno.make(text).save(content, kind="png", scale=6)
        page.paste(Image.open(content).convert("RGB"), (300, 900))
    return page


def saved(media_type: str, *pages: Image.Image) -> bytes:
    content = io.BytesIO()
    name = "PDF" if media_type == opening.PDF else opening.FORMATS[media_type]
    first, *others = [page.copy() for page in pages]  # Pillow leaves the options of a save on the pictures
    first.save(content, name, **({"save_all": True, "append_images": others, "resolution": 150} if name == "PDF" else {}))
    return content.getvalue()


def code(content: bytes, media_type: str) -> list[str]:
    return [problem["code"] for problem in proofs.code(content, media_type, asked())]


def signature(content: bytes, media_type: str = opening.PDF, **other: Any) -> list[str]:
    told = asked(is_signed=b"/ByteRange" in content, **other)
    return [problem["code"] for problem in proofs.signature(content, media_type, told)]


def test_the_portal_s_own_confirmation_is_fine() -> None:
    assert code(CONFIRMATION, opening.PNG) == []


@pytest.mark.parametrize("media_type", [opening.PNG, opening.JPEG, opening.PDF])
def test_a_code_is_followed_in_every_format(media_type: str) -> None:
    with Image.open(io.BytesIO(CONFIRMATION)) as page:
        assert code(saved(media_type, page.convert("RGB")), media_type) == []
    assert code(saved(media_type, sheet(FOREIGN)), media_type) == ["code-foreign"]
    assert code(saved(media_type, sheet(None)), media_type) == ["code-missing"]


def test_a_small_screen_shot_is_read() -> None:
    with Image.open(io.BytesIO(CONFIRMATION)) as page:
        small = page.convert("RGB").resize((480, 480 * page.height // page.width), Image.Resampling.LANCZOS)
    assert code(saved(opening.JPEG, small), opening.JPEG) == []


def test_codes_are_looked_for_on_the_first_pages() -> None:
    right = sheet("https://www.gosuslugi.ru/confirmation/1")
    assert code(saved(opening.PDF, sheet(None), right), opening.PDF) == []
    assert code(saved(opening.PDF, right, sheet(FOREIGN)), opening.PDF) == ["code-foreign"]
    assert code(saved(opening.PDF, sheet(None), sheet(None), right), opening.PDF) == ["code-missing"]


def test_a_drawn_page_without_a_code_has_none() -> None:
    assert code(files.diploma(PERSON).content, opening.PDF) == ["code-missing"]


@cache
def authority() -> Holder:
    return Holder.authority()


@cache
def signed() -> bytes:
    return authority().person("p256").sign(files.diploma(PERSON).content)


@pytest.fixture
def roots(tmp_path: Path) -> str:
    (tmp_path / "authority.crt").write_bytes(authority().pem)
    return str(tmp_path)


def test_a_signed_file_opens_as_any_other() -> None:
    assert list(opening.problems(signed(), opening.PDF, {"objects": 10_000, "pages": 10, "pixels": 1, "page_mm": 5_000})) == []


@pytest.mark.parametrize("needs_signature", [True, False])
def test_a_signed_file_is_verified_whether_it_had_to_be_signed_or_not(needs_signature: bool, roots: str) -> None:  # noqa: FBT001
    needs: dict[str, Any] = {"is_needed": needs_signature}
    assert signature(signed(), roots=roots, **needs) == ["signature-valid"]
    assert signature(signed(), **needs) == ["signature-untrusted"]
    assert signature(signing.with_another_page(signed()), roots=roots, **needs) == ["signature-then-changed"]
    assert signature(signing.changed_within(signed()), roots=roots, **needs) == ["signature-broken"]


def test_a_file_that_has_to_be_signed_is_missed_its_signature() -> None:
    assert signature(files.diploma(PERSON).content, is_needed=True) == ["signature-missing"]
    assert signature(files.diploma(PERSON).content) == []


def test_a_place_for_a_signature_that_nobody_filled_is_none() -> None:
    assert signature(samples.pdf() + b"\n%/ByteRange", is_needed=True) == ["signature-missing"]


def test_a_scan_of_paper_needs_no_electronic_signature() -> None:
    assert signature(saved(opening.PDF, sheet(None), sheet(FOREIGN)), is_needed=True) == []
    assert signature(saved(opening.JPEG, sheet(None)), opening.JPEG, is_needed=True) == []


def test_the_rules_say_what_has_a_code_and_what_has_to_be_signed() -> None:
    proofs_of = {rule.document_type.value: rule.proof for rule in RULES.values() if rule.proof}
    assert proofs_of == {
        "no-criminal-record": "электронный документ - с электронной подписью, бумажный - сканом",
        "gosuslugi-confirmation": "QR-код портала виден целиком, других кодов нет",
    }


class TestSteps:
    """Through the sandbox, limits and all."""

    @pytest.fixture
    async def inspector(self, roots: str) -> AsyncIterator[Inspector]:
        set_to = Settings.model_construct()
        limits = Limits(cpu_seconds=10, memory_bytes=set_to.check_memory_bytes, pages=20, objects=50_000, pixels=100_000_000, page_mm=5_000)
        nursery = Nursery()
        trust = Trust(set_to.portal_hosts, set_to.code_pages_max, roots)
        yield Inspector(nursery, limits, Lines(1, 1, 1, 1), wall_seconds=60, trust=trust)
        await nursery.close()

    async def found(
        self, inspector: Inspector, check: Callable[[Inspector], Check], content: bytes, document_type: DocumentType, media_type: MediaType
    ) -> tuple[Finding, ...]:
        async def whole() -> AsyncIterator[bytes]:
            yield content

        with await Held.of(whole()) as held, inspector.room(held) as room:
            declared = Declared(media_type.extensions[0], media_type, held.size_bytes, held.sha256)
            return await check(inspector).look(Subject(RULES[document_type], declared, held, room))

    async def test_a_foreign_code_refuses_a_confirmation_and_a_missing_one_is_a_warning(self, inspector: Inspector) -> None:
        async def found(content: bytes, document_type: DocumentType = DocumentType.GOSUSLUGI_CONFIRMATION) -> tuple[Finding, ...]:
            return await self.found(inspector, Code, content, document_type, MediaType.PNG)

        foreign = saved(opening.PNG, sheet(FOREIGN))
        assert await found(CONFIRMATION) == ()
        assert await found(foreign) == (Finding(FindingCode.CODE_FOREIGN),)
        assert await found(saved(opening.PNG, sheet(None))) == (Finding(FindingCode.CODE_MISSING, is_warning=True),)
        assert await found(foreign, DocumentType.PASSPORT) == ()

    async def test_signatures_of_every_type_are_verified_and_missed_where_they_are_needed(self, inspector: Inspector) -> None:
        async def found(content: bytes, document_type: DocumentType = DocumentType.NO_CRIMINAL_RECORD) -> tuple[Finding, ...]:
            return await self.found(inspector, Signature, content, document_type, MediaType.PDF)

        assert await found(signed(), DocumentType.DIPLOMA) == (Finding(FindingCode.SIGNATURE_VALID, is_warning=True),)
        assert await found(files.diploma(PERSON).content) == (Finding(FindingCode.SIGNATURE_MISSING),)
        assert await found(files.diploma(PERSON).content, DocumentType.DIPLOMA) == ()

    async def test_a_picture_has_no_electronic_signature(self, inspector: Inspector) -> None:
        content = saved(opening.JPEG, sheet(None))
        assert await self.found(inspector, Signature, content, DocumentType.NO_CRIMINAL_RECORD, MediaType.JPEG) == ()
