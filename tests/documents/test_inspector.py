"""The inspector over real files: what is fine passes, what is hostile or broken is named, and harms nobody else."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace

import psutil
import pytest

from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.rules import MediaType
from services.documents.gateways.failures import LookCut
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector, Limits, Lines
from services.documents.gateways.nursery import Nursery, Overcome
from tests.documents import samples
from tests.support import eventually

LIMITS = Limits(cpu_seconds=10, memory_bytes=640 << 20, pages=20, objects=50_000, pixels=20_000_000, page_mm=5_000)
LINES = Lines(scan_dpi=120, sharpness=0.34, ink=0.001, measured_pages=5)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


@pytest.fixture(scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    nursery = Nursery()
    yield nursery
    await nursery.close()


@pytest.fixture
def inspector(nursery: Nursery) -> Inspector:
    return Inspector(nursery, LIMITS, LINES, wall_seconds=30)


async def inspected(inspector: Inspector, content: bytes) -> tuple[Finding, ...]:
    with await Held.of(chunks(content)) as held, inspector.room(held) as room:
        return await inspector.inspect(room)


async def codes(inspector: Inspector, content: bytes) -> list[FindingCode]:
    return [finding.code for finding in await inspected(inspector, content)]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (samples.pdf(), MediaType.PDF),
        (samples.jpeg(), MediaType.JPEG),
        (samples.png(), MediaType.PNG),
        (samples.pdf_with_link(), MediaType.PDF),
    ],
)
async def test_an_honest_file_is_recognised_measured_and_clean(inspector: Inspector, content: bytes, media_type: MediaType) -> None:
    with await Held.of(chunks(content)) as held, inspector.room(held) as room:
        assert await inspector.inspect(room) == ()
        assert MediaType.sniffed(held.head(16)) is media_type
        assert (held.size_bytes, held.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>%PDF-1.4</html>", " %PDF-1.7".encode("utf-16"), b"GIF89a"])
async def test_what_is_none_of_the_formats_is_left_to_the_step_that_says_so(inspector: Inspector, content: bytes) -> None:
    assert await inspected(inspector, content) == ()


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
async def test_a_wrong_file_is_named_by_its_reason(inspector: Inspector, content: bytes, expected: FindingCode) -> None:
    assert await codes(inspector, content) == [expected]


def tight(inspector: Inspector, **limits: int) -> Inspector:
    return replace(inspector, limits=replace(LIMITS, **limits))


async def test_a_file_that_needs_too_much_memory_ends_its_own_check_only(inspector: Inspector) -> None:
    small = tight(inspector, memory_bytes=128 << 20, pixels=10**9)
    assert await codes(small, samples.png_bomb(20_000)) == [FindingCode.FILE_TOO_COMPLEX]
    assert await codes(small, samples.pdf()) == []


async def test_one_child_serves_every_look_at_a_file_and_another_the_next_after_its_end(inspector: Inspector) -> None:
    starved = tight(inspector, cpu_seconds=0)
    with await Held.of(chunks(samples.pdf())) as held, inspector.room(held) as room:
        assert await inspector.inspect(room) == ()
        [child] = process_of(inspector.nursery).children()
        assert await inspector.measure(room, paper_mm=210) == ()
        assert process_of(inspector.nursery).children() == [child]
        child.kill()
        with pytest.raises(LookCut):
            await inspector.inspect(room)
        assert await inspector.inspect(room) == ()
        [another] = process_of(inspector.nursery).children()
        assert another != child
    with await Held.of(chunks(samples.pdf_bomb())) as held, starved.room(held) as room:
        assert await starved.inspect(room) == (Finding(FindingCode.FILE_TOO_COMPLEX),)
    await eventually(lambda: has_no_children(process_of(inspector.nursery)))


async def test_a_file_that_needs_too_much_time_is_too_complex(inspector: Inspector) -> None:
    assert await codes(tight(inspector, cpu_seconds=1), samples.pdf_bomb()) == [FindingCode.FILE_TOO_COMPLEX]


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: samples.png_full_of_pixels(9_000), id="pixels"),
        pytest.param(lambda: samples.png_bomb(50_000), id="header"),
        pytest.param(samples.pdf_bomb, id="streams"),
        pytest.param(samples.pdf_nested_bomb, id="streams in streams"),
        pytest.param(samples.pdf_object_stream_bomb, id="objects"),
    ],
)
async def test_no_bomb_takes_more_memory_than_a_check_may(nursery: Nursery, bomb: Callable[[], bytes]) -> None:
    limits = replace(LIMITS, cpu_seconds=2, memory_bytes=160 << 20, pixels=10**9)
    with await Held.of(chunks(bomb())) as file, await nursery.child(file.descriptor, memory_bytes=limits.memory_bytes) as child:
        try:
            await child.ask({"look": "opening", **asdict(limits)})
            end = await child.leave()
        except Overcome as over:
            end = over.end
    assert end.status in {0, 1, -signal.SIGXCPU, -signal.SIGABRT}
    assert 0 < end.peak_bytes <= limits.memory_bytes + process_of(nursery).memory_info().rss


def process_of(nursery: Nursery) -> psutil.Process:
    assert nursery.pid is not None
    return psutil.Process(nursery.pid)


async def test_a_nursery_that_was_killed_cuts_the_look_and_is_no_verdict_and_starts_again(inspector: Inspector) -> None:
    await codes(inspector, samples.pdf())
    killed = process_of(inspector.nursery)
    looking = asyncio.create_task(codes(inspector, samples.pdf_bomb()))
    await eventually(lambda: has_children(killed))
    [child] = killed.children()
    killed.kill()
    with pytest.raises(LookCut):
        await looking
    await eventually(lambda: is_gone(child))
    assert await codes(inspector, samples.half(samples.pdf())) == [FindingCode.PDF_DAMAGED]
    assert process_of(inspector.nursery).pid != killed.pid


async def test_a_child_that_was_killed_cuts_the_look_and_is_no_verdict(inspector: Inspector) -> None:
    await codes(inspector, samples.pdf())
    process = process_of(inspector.nursery)
    looking = asyncio.create_task(codes(inspector, samples.pdf_bomb()))
    await eventually(lambda: has_children(process))
    process.children()[0].kill()
    with pytest.raises(LookCut):
        await looking
    assert process_of(inspector.nursery).pid == process.pid


async def test_a_look_beyond_the_clock_is_cut_and_leaves_no_process(inspector: Inspector) -> None:
    await codes(inspector, samples.pdf())
    with pytest.raises(LookCut):
        await inspected(replace(inspector, wall_seconds=0.3), samples.pdf_bomb())
    process = process_of(inspector.nursery)
    await eventually(lambda: has_no_children(process))


async def test_a_prepared_process_has_one_thread_no_environment_and_no_connection(inspector: Inspector) -> None:
    await codes(inspector, samples.pdf())
    process = process_of(inspector.nursery)
    assert set(process.environ()) == {"LC_ALL", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"}
    assert process.num_threads() == 1
    assert process.net_connections(kind="inet") == []


async def test_what_is_held_is_sealed_and_read_as_often_as_wanted() -> None:
    content = samples.padded(samples.pdf(), 700_000)
    with await Held.of(chunks(content)) as held:
        for _ in range(2):
            assert b"".join([part async for part in held.chunks()]) == content
        with pytest.raises(PermissionError):
            os.pwrite(held.descriptor, b"%", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(held.descriptor, 0)


async def has_children(process: psutil.Process) -> bool:
    return bool(process.children())


async def has_no_children(process: psutil.Process) -> bool:
    return not process.children()


async def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
