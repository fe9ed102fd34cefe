"""Looks into one untrusted file and says what it found. A program of its own, run once per file with little memory and time.

The file comes on standard input; limits are a JSON object in the first argument; the answer is two JSON lines on standard
output: the format, once everything needed is loaded, then the problems. Whatever ends the program between the two is the
file's doing. It imports nothing of the project and is started in isolated mode, so a hostile file meets no secret and no client.
"""

import io
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

Problem = dict[str, Any]
Limits = dict[str, int]
Inspect = Callable[[bytes, Limits], Iterator[Problem]]

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
_SIGNATURES = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
_OPEN_FILES = 32
_NICENESS = 10
"""People who wait for an answer come first."""

_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/Movie", "/RichMediaExecute", "/GoToE", "/SetOCGState"}
_NAMING = ("/S", "/Type", "/Subtype")
_ANNOTATIONS = {"/RichMedia", "/Screen", "/Movie", "/3D"}


def main() -> None:
    """Limit this process, read, inspect, answer."""
    limits = json.loads(sys.argv[1])
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    content = sys.stdin.buffer.read()
    media_type = sniff(content)
    inspect = _INSPECTIONS[media_type]()
    print(json.dumps(media_type), flush=True)
    try:
        problems = list(inspect(content, limits))
    except (MemoryError, RecursionError):
        problems = [{"code": "file-too-complex"}]
    print(json.dumps(problems), flush=True)


def sniff(content: bytes) -> str | None:
    """The format by its first bytes; strict, since a file that is two formats at once is nobody's honest scan."""
    return next((media_type for signature, media_type in _SIGNATURES if content.startswith(signature)), None)


def _pdf() -> Inspect:
    """Loads its library only when called: 0.2 s that images need not pay."""
    import pikepdf  # noqa: PLC0415

    def inspect(content: bytes, limits: Limits) -> Iterator[Problem]:
        try:
            with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
                if pdf.is_encrypted:
                    yield {"code": "pdf-encrypted"}
                    return
                yield from _inspect_opened(pdf, limits)
        except pikepdf.PasswordError:
            yield {"code": "pdf-encrypted"}
        except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
            yield {"code": "pdf-damaged"}

    return inspect


def _inspect_opened(pdf: Any, limits: Limits) -> Iterator[Problem]:
    if len(pdf.objects) > limits["objects"]:
        yield {"code": "file-too-complex"}
        return
    pages = len(pdf.pages)
    if pages == 0:
        yield {"code": "pdf-without-pages"}
    if pages > limits["pages"]:
        yield {"code": "pdf-too-many-pages", "facts": {"pages": pages, "pages_max": limits["pages"]}}
        return
    is_active, has_files = _search(pdf)
    if is_active:
        yield {"code": "pdf-active-content"}
    if has_files:
        yield {"code": "pdf-embedded-files"}
    if pdf.check_pdf_syntax():
        yield {"code": "pdf-damaged"}


def _search(pdf: Any) -> tuple[bool, bool]:
    """Whether anything in the file can run, and whether it carries other files. Sees every object, referenced or not."""
    is_active = has_files = False
    for keys, names in _dictionaries(pdf):
        is_active = (
            is_active or bool({"/JS", "/XFA", "/RichMediaContent"} & keys) or names["/S"] in _ACTIONS or names["/Subtype"] in _ANNOTATIONS
        )
        has_files = (
            has_files
            or bool({"/EF", "/EmbeddedFiles"} & keys)
            or names["/Type"] == "/EmbeddedFile"
            or names["/Subtype"] == "/FileAttachment"
        )
    return is_active, has_files


def _dictionaries(pdf: Any) -> Iterator[tuple[set[str], dict[str, str]]]:
    """Every dictionary: its keys and what its naming entries say. Containers with a number of their own come by themselves."""
    from pikepdf import Array, Dictionary, Name, Stream  # noqa: PLC0415

    waiting = list(pdf.objects)
    while waiting:
        one = waiting.pop()
        entries = dict(one.stream_dict.items()) if isinstance(one, Stream) else dict(one.items()) if isinstance(one, Dictionary) else {}
        if entries:
            yield set(entries), {key: str(entries[key]) if isinstance(entries.get(key), Name) else "" for key in _NAMING}
        parts = one if isinstance(one, Array) else entries.values()
        waiting.extend(part for part in parts if isinstance(part, Array | Dictionary) and not part.is_indirect)


def _image(format_name: str) -> Callable[[], Inspect]:
    def load() -> Inspect:
        from PIL import Image  # noqa: PLC0415

        Image.MAX_IMAGE_PIXELS = None  # the limit below is exact and names the size
        Image.init()

        def inspect(content: bytes, limits: Limits) -> Iterator[Problem]:
            try:
                with Image.open(io.BytesIO(content), formats=[format_name]) as image:
                    width, height = image.size
                    if width * height > limits["pixels"]:
                        yield {"code": "image-too-many-pixels", "facts": {"width": width, "height": height}}
                        return
                    image.load()
                with Image.open(io.BytesIO(content), formats=[format_name]) as image:
                    image.verify()
            except (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError):
                yield {"code": "image-damaged"}

        return inspect

    return load


def _nothing() -> Inspect:
    return lambda _content, _limits: iter(())


_INSPECTIONS: dict[str | None, Callable[[], Inspect]] = {PDF: _pdf, JPEG: _image("JPEG"), PNG: _image("PNG"), None: _nothing}

if __name__ == "__main__":
    main()
