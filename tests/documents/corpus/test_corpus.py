"""Every kind of file in the table, looked at as the worker does it, but for clamd."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.documents import DocumentType
from services.documents.domain.checks import Step
from services.documents.domain.documents import extension_of
from services.documents.domain.findings import Declared, Finding
from services.documents.domain.rules import RULES, MediaType
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector, Limits, Lines, Trust
from services.documents.gateways.nursery import Nursery
from services.documents.settings import Settings
from services.documents.usecases.checks.port import Check, Subject
from services.documents.usecases.checks.proofs import Code, Signature
from services.documents.usecases.checks.steps import Integrity, Legible, Opens, SizeAndType
from tests.documents.corpus.makers import MAKERS

FEWEST = 60


@dataclass(frozen=True)
class Kind:
    id: str
    maker: str
    type: str
    name: str
    declared: str
    codes: list[str]


KINDS = [Kind(**row) for row in tomllib.loads(Path(__file__).with_name("table.toml").read_text(encoding="utf-8"))["kind"]]


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[Inspector]:
    set_to = Settings.model_construct()
    limits = Limits(cpu_seconds=3, memory_bytes=256 << 20, pages=20, objects=50_000, pixels=20_000_000)
    lines = Lines(set_to.scan_dpi_min, set_to.scan_sharpness_min, set_to.scan_ink_min, measured_pages=5)
    nursery = Nursery()
    inspector = Inspector(nursery, limits, lines, wall_seconds=60, trust=Trust(set_to.portal_hosts, set_to.code_pages_max, None))
    yield inspector
    await nursery.close()


@pytest.mark.parametrize("kind", KINDS, ids=[kind.id for kind in KINDS])
async def test_each_kind_comes_to_its_end(inspector: Inspector, kind: Kind) -> None:
    content, rule = MAKERS[kind.maker](), RULES[DocumentType(kind.type)]

    async def whole() -> AsyncIterator[bytes]:
        yield content

    with await Held.of(whole()) as held, inspector.room(held) as room:
        declared = Declared(extension_of(kind.name), MediaType[kind.declared.upper()], held.size_bytes, held.sha256)
        findings = await looked_at(inspector, Subject(rule, declared, held, room))
    assert [finding.code.value for finding in findings] == kind.codes
    for finding in findings:
        assert finding.sentence(rule.title).startswith(f"«{rule.title}»: ")


async def looked_at(inspector: Inspector, subject: Subject) -> list[Finding]:
    findings: list[Finding] = []
    failed: set[Step] = set()
    steps: list[Check] = [Integrity(), SizeAndType(), Opens(inspector), Legible(inspector), Code(inspector), Signature(inspector)]
    for check in steps:
        if not check.after & failed:
            found = await check.look(subject)
            findings += found
            failed |= {check.step} if found else set()
    return findings


def test_the_table_has_many_kinds_and_each_maker_is_used() -> None:
    assert len(KINDS) >= FEWEST
    assert len({kind.id for kind in KINDS}) == len(KINDS)
    assert {kind.maker for kind in KINDS} == set(MAKERS)
