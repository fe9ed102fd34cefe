"""Papers of every kind of content in the table, read in the sandbox as the worker does it and compared with a profile."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typst
from PIL import Image

from contracts.documents import DocumentType
from contracts.identity import ProfileFacts
from deploy.evaluation.ocr import facts_of
from deploy.papers import holder_of
from deploy.papers.scanner import Scan, scanned
from services.documents.domain.consistency import consistency
from services.documents.domain.findings import Declared, Finding, FindingCode
from services.documents.domain.rules import RULES, MediaType
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import NOBODY, Inspector, Limits, Lines, ReadingLimits
from services.documents.gateways.nursery import Model, Nursery
from services.documents.settings import Settings
from services.documents.usecases.checks.port import Subject
from services.documents.usecases.checks.steps import Text

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PPI = 300
TURNS = {"scan": 0, "half-turned": 180, "quarter-turned": 90}


@dataclass(frozen=True)
class Paper:
    id: str
    type: str
    form: str
    lines: list[str]
    codes: list[str]
    profile: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> ProfileFacts | None:
        """None while the profile is not verified."""
        changes: dict[str, Any] = {"holder": "person", "is_verified": True} | self.profile
        holder = replace(
            holder_of(1, seed=3),
            surname=changes.get("surname", "Берёзкина"),
            given_name="Алёна",
            patronymic="Фёдоровна",
            birth_date=datetime(1985, 3, 12, tzinfo=UTC).date(),
            diploma_series="100500",
            diploma_number="1234567",
            licence_number="ЛО-77-01-012345",
            organisation="ГБУЗ «Вымышленская больница № 4»",
        )
        facts = facts_of(holder)
        licence = facts.licence.model_copy(update={"holder": changes["holder"]})
        return facts.model_copy(update={"licence": licence}) if changes["is_verified"] else None

    def content(self) -> tuple[MediaType, bytes]:
        """As it is sent."""
        body = "\n\n".join(line if line.startswith("#") else f"#text({line!r})".replace("'", '"') for line in self.lines)
        source = f'#set page(paper: "a5", margin: 16mm)\n#set text(font: "PT Serif", size: 13pt, lang: "ru", hyphenate: false)\n{body}'
        if self.form == "text":
            return MediaType.PDF, bytes(typst.compile(source.encode(), format="pdf"))
        page = scanned(bytes(typst.compile(source.encode(), format="png", ppi=PPI)), Scan(dpi=200), printed_ppi=PPI)
        turned = BytesIO()
        Image.open(BytesIO(page)).rotate(TURNS[self.form], expand=True).save(turned, "JPEG", quality=85, dpi=(200, 200))
        return MediaType.JPEG, turned.getvalue()


PAPERS = [Paper(**row) for row in tomllib.loads(Path(__file__).with_name("table.toml").read_text(encoding="utf-8"))["paper"]]


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[Inspector]:
    set_to = Settings.model_construct()
    limits = Limits(cpu_seconds=5, memory_bytes=set_to.check_memory_bytes, pages=20, objects=50_000, pixels=20_000_000, page_mm=5_000)
    nursery = Nursery(Model(set_to.tessdata, set_to.ocr_languages))
    reading = ReadingLimits(pages=1, cpu_seconds=30, wall_seconds=120)
    yield Inspector(nursery, limits, Lines(1, 1, 1, 1), wall_seconds=60, trust=NOBODY, reading=reading)
    await nursery.close()


@pytest.mark.parametrize("paper", PAPERS, ids=[paper.id for paper in PAPERS])
async def test_each_paper_is_judged_by_what_it_says(inspector: Inspector, paper: Paper) -> None:
    rule = RULES[DocumentType(paper.type)]
    findings = [*await looked_at(inspector, paper)]
    assert [finding.code.value for finding in findings] == paper.codes
    for finding in findings:
        assert finding.sentence(rule.title).startswith(f"«{rule.title}»: ")
        assert set(finding.facts) <= {"page", "pages"}


async def looked_at(inspector: Inspector, paper: Paper) -> tuple[Finding, ...]:
    media_type, content = paper.content()
    rule = RULES[DocumentType(paper.type)]

    async def whole() -> AsyncIterator[bytes]:
        yield content

    with await Held.of(whole()) as held, inspector.room(held) as room:
        subject = Subject(rule, Declared(media_type.extensions[0], media_type, held.size_bytes, held.sha256), held, room)
        found = await Text(inspector).look(subject)
    return (*found, *consistency(rule, subject.reading, paper.facts, at=NOW).findings)


def test_nobody_starts_to_read_without_the_language(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"rus\.traineddata"):
        Model(tmp_path, "rus")


def test_the_table_names_every_code_that_content_can_have() -> None:
    named = {code for paper in PAPERS for code in paper.codes}
    content = set(FindingCode) & {FindingCode(code) for code in named}
    assert {code for code in FindingCode if code.value.endswith("-differs")} - {FindingCode.STORED_BYTES_DIFFER} <= content
    assert {"text-unreadable", "page-rotated", "pages-not-read", "profile-not-verified"} <= named
    assert len({paper.id for paper in PAPERS}) == len(PAPERS)
