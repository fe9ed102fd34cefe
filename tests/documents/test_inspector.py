"""The inspector over real files: what is fine passes, what is hostile or broken is named, and harms nobody else."""

import hashlib
import os
from collections.abc import AsyncIterator

import psutil
import pytest

from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.rules import MediaType
from services.documents.gateways import InspectionFailed, Inspector, Limits, LookCut
from services.documents.gateways.held import Held
from tests.documents import samples

LIMITS = Limits(cpu_seconds=10, memory_bytes=1 << 30, pages=20, objects=50_000, pixels=20_000_000)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def inspected(content: bytes, by: Inspector) -> tuple[Finding, ...]:
    with await Held.of(chunks(content)) as held:
        return await by.inspect(held)


def inspector(wall_seconds: float = 30, limits: Limits = LIMITS) -> Inspector:
    return Inspector(limits, wall_seconds=wall_seconds)


async def codes(content: bytes, limits: Limits = LIMITS) -> list[FindingCode]:
    return [finding.code for finding in await inspected(content, inspector(limits=limits))]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (samples.pdf(), MediaType.PDF),
        (samples.jpeg(), MediaType.JPEG),
        (samples.png(), MediaType.PNG),
        (samples.pdf_with_link(), MediaType.PDF),
    ],
)
async def test_an_honest_file_is_recognised_measured_and_clean(content: bytes, media_type: MediaType) -> None:
    with await Held.of(chunks(content)) as held:
        assert await inspector().inspect(held) == ()
        assert MediaType.sniffed(held.head(16)) is media_type
        assert (held.size_bytes, held.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>%PDF-1.4</html>", " %PDF-1.7".encode("utf-16"), b"GIF89a"])
async def test_what_is_none_of_the_formats_is_left_to_the_step_that_says_so(content: bytes) -> None:
    assert await inspected(content, inspector()) == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(samples.half(samples.pdf()), FindingCode.PDF_DAMAGED, id="cut pdf"),
        pytest.param(b"%PDF-1.7\n" + b"\x00garbage" * 500, FindingCode.PDF_DAMAGED, id="only a pdf header"),
        pytest.param(samples.pdf_with_cut_stream(), FindingCode.PDF_DAMAGED, id="cut stream"),
        pytest.param(samples.pdf_without_pages(), FindingCode.PDF_WITHOUT_PAGES, id="no pages"),
        pytest.param(samples.pdf(21), FindingCode.PDF_TOO_MANY_PAGES, id="too many pages"),
        pytest.param(samples.pdf_encrypted(), FindingCode.PDF_ENCRYPTED, id="password"),
        pytest.param(samples.pdf_encrypted(user=""), FindingCode.PDF_ENCRYPTED, id="restrictions only"),
        pytest.param(samples.pdf_with_script(), FindingCode.PDF_ACTIVE_CONTENT, id="script"),
        pytest.param(samples.pdf_with_launch(), FindingCode.PDF_ACTIVE_CONTENT, id="launch"),
        pytest.param(samples.pdf_with_embedded_file(), FindingCode.PDF_EMBEDDED_FILES, id="embedded file"),
        pytest.param(samples.half(samples.jpeg()), FindingCode.IMAGE_DAMAGED, id="cut jpeg"),
        pytest.param(samples.half(samples.png()), FindingCode.IMAGE_DAMAGED, id="cut png"),
        pytest.param(samples.png()[:-12], FindingCode.IMAGE_DAMAGED, id="png without its end"),
        pytest.param(samples.png_bomb(), FindingCode.IMAGE_TOO_MANY_PIXELS, id="bomb by its header"),
        pytest.param(samples.png_bomb(4000), FindingCode.IMAGE_DAMAGED, id="fewer pixels than promised"),
    ],
)
async def test_a_wrong_file_is_named_by_its_reason(content: bytes, expected: FindingCode) -> None:
    assert await codes(content) == [expected]


async def test_a_file_that_needs_too_much_memory_ends_its_own_check_only() -> None:
    tight = Limits(cpu_seconds=10, memory_bytes=300 << 20, pages=20, objects=50_000, pixels=10**9)
    assert await codes(samples.png_bomb(20_000), tight) == [FindingCode.FILE_TOO_COMPLEX]


async def test_a_file_that_needs_too_much_time_is_too_complex() -> None:
    tight = Limits(cpu_seconds=1, memory_bytes=1 << 30, pages=20, objects=50_000, pixels=20_000_000)
    assert await codes(samples.pdf_bomb(), tight) == [FindingCode.FILE_TOO_COMPLEX]


async def test_a_check_that_cannot_work_is_a_failure_and_not_a_verdict() -> None:
    with pytest.raises(InspectionFailed) as failed:
        await inspected(samples.pdf(), inspector(limits=Limits(cpu_seconds=10, memory_bytes=8 << 20, pages=1, objects=1, pixels=1)))
    assert not isinstance(failed.value, LookCut)


async def test_a_look_beyond_the_clock_is_cut_and_leaves_no_process() -> None:
    with pytest.raises(LookCut):
        await inspected(samples.pdf_bomb(), inspector(wall_seconds=0.3))
    assert not [child for child in psutil.Process().children(recursive=True) if any("inspector.py" in part for part in child.cmdline())]


async def test_what_is_held_is_sealed_and_read_as_often_as_wanted() -> None:
    content = samples.padded(samples.pdf(), 700_000)
    with await Held.of(chunks(content)) as held:
        for _ in range(2):
            assert b"".join([part async for part in held.chunks()]) == content
        with pytest.raises(PermissionError):
            os.pwrite(held.descriptor, b"%", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(held.descriptor, 0)
