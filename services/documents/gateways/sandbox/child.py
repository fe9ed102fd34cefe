"""Looks into one untrusted file as often as it is asked and says what it found; with little memory and time, and nothing else open."""

import json
import os
import resource
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from pathlib import Path
from typing import Any, NoReturn

from tesserocr import PyTessBaseAPI

from . import judging, opening, proofs, renditions, texts
from .framing import HEAD

_OPEN_FILES = 32
_PAGE = resource.getpagesize()
_CONTENT, _TALK = 0, 3
"""Descriptors; 1 and 2 lead nowhere, whatever a library prints."""
_LOOKS: dict[str, Callable[[bytes, str, dict[str, Any]], Any]] = {
    "opening": opening.problems,
    "pages": judging.problems,
    "code": proofs.code,
    "signature": proofs.signature,
    "page-count": renditions.page_count,
    "preview": renditions.preview,
    "pdf": renditions.as_pdf,
}


def serve(content: int, talk: int, limits: dict[str, Any], api: PyTessBaseAPI | None) -> NoReturn:
    """The life of a child: limit itself, read, answer every question, end. Whatever happens, it does not go on as a second nursery.

    `api` recognises text; without it nobody may ask for any.
    """
    try:
        _keep_only(content, talk)
        _limit(limits)
        file = _whole(_CONTENT)
        media_type = opening.sniff(file)
        _say(media_type)
        for question in _questions():
            _allow(question["cpu_seconds"])
            _say(_answer(file, media_type, question, api))
        os._exit(0)
    finally:
        os._exit(1)


def _answer(file: bytes, media_type: str | None, question: dict[str, Any], api: PyTessBaseAPI | None) -> Any:
    if media_type is None:
        return []
    if question["look"] == "text" and api is not None:
        return texts.read(api, file, media_type, question)
    found = _LOOKS[question["look"]](file, media_type, question)
    return list(found) if isinstance(found, Iterable) and not isinstance(found, bytes) else found


def _questions() -> Iterator[dict[str, Any]]:
    with open(_TALK, "rb", closefd=False) as asked:
        for line in iter(asked.readline, b""):
            yield json.loads(line)


def _keep_only(content: int, talk: int) -> None:
    """The file and the way back; all else, the nursery's ears first, is closed."""
    os.dup2(os.dup(content), _CONTENT)
    os.dup2(os.dup(talk), _TALK)
    os.closerange(_TALK + 1, os.sysconf("SC_OPEN_MAX"))


def _limit(limits: dict[str, Any]) -> None:
    """Memory is what may be added to what the nursery has loaded already, which is shared."""
    memory = address_space() + limits["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _allow(cpu_seconds: int) -> None:
    """So much processor time more. The limit in whole seconds rounds up what was used; who outlives it is killed by the worker's clock."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(used.ru_utime + used.ru_stime) + cpu_seconds, hardest))


def address_space() -> int:
    """Bytes this process has mapped now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE


def _whole(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _say(told: Any) -> None:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    waiting = memoryview(HEAD.pack(not isinstance(told, bytes), len(content)) + content)
    while waiting:
        waiting = waiting[os.write(_TALK, waiting) :]
