"""Looks into one untrusted file and says what it found, as JSON lines; with little memory and time, and nothing else open."""

import json
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from . import judging, opening, proofs

_OPEN_FILES = 32
_GRACE_SECONDS = 2
_PAGE = resource.getpagesize()
_CONTENT, _ANSWERS = 0, 3
"""Descriptors; 1 and 2 lead nowhere, whatever a library prints."""
_LOOKS: dict[str, Callable[[bytes, str, dict[str, Any]], Iterable[opening.Problem]]] = {
    "opening": opening.problems,
    "pages": judging.problems,
    "code": proofs.code,
    "signature": proofs.signature,
}


def serve(content: int, answers: int, limits: dict[str, Any]) -> NoReturn:
    """The life of a child: limit itself, read, look, answer, end. Whatever happens, it does not go on as a second nursery."""
    try:
        _keep_only(content, answers)
        _limit(limits)
        file = _whole(_CONTENT)
        media_type = opening.sniff(file)
        _say(media_type)
        _say(_problems(file, media_type, limits))
        os._exit(0)
    finally:
        os._exit(1)


def _problems(file: bytes, media_type: str | None, limits: dict[str, Any]) -> list[opening.Problem]:
    try:
        return [] if media_type is None else list(_LOOKS[limits["look"]](file, media_type, limits))
    except (MemoryError, RecursionError):
        return [{"code": "file-too-complex"}]


def _keep_only(content: int, answers: int) -> None:
    """The file and the way back; all else, the nursery's ears first, is closed."""
    os.dup2(os.dup(content), _CONTENT)
    os.dup2(os.dup(answers), _ANSWERS)
    os.closerange(_ANSWERS + 1, os.sysconf("SC_OPEN_MAX"))


def _limit(limits: dict[str, Any]) -> None:
    """Memory is what may be added to what the nursery has loaded already, which is shared."""
    memory = address_space() + limits["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + _GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def address_space() -> int:
    """Bytes this process has mapped now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE


def _whole(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _say(told: Any) -> None:
    waiting = memoryview(json.dumps(told).encode() + b"\n")
    while waiting:
        waiting = waiting[os.write(_ANSWERS, waiting) :]
