"""Files that are two at once: behind the end of an honest one begins another, which some program or other would open instead.

Phones put previews, depth maps and films behind a photo, and every signature or note of a PDF comes behind its first end: neither is
a second file. Archives are looked for everywhere, since they are read from their end, whatever stands before.
"""

import io
import re
import struct
import zipfile

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"

_JPEG_HEAD = rb"\xff\xd8\xff(?:\xe0..JFIF\0|\xe1..Exif\0|\xdb\0[\x43\x84]|\xee\0\x0eAdobe)"
_ZIP_HEAD = rb"PK\x03\x04[\0-\x3f][\0-\x0b].{2}[\0\x08\x09\x0c\x0e\x5f\x63]\0"
_ARCHIVE = rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c"
_SECOND = re.compile(
    b"(?P<archive>%s|%s)|(?P<pdf>%%PDF-)|(?P<png>\x89PNG\r\n\x1a\n)|(?P<page>(?i:<html[\\s>]|<!doctype\\s+html))|(?P<jpeg>%s)"
    % (_ZIP_HEAD, _ARCHIVE, _JPEG_HEAD),
    re.DOTALL,
)
_LABELS = {"archive": "архив", "pdf": "PDF", "png": "PNG", "jpeg": "JPEG", "page": "веб-страница"}

_JPEG_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""Of a segment: neither stuffing nor a restart among the pixels."""
_JPEG_END = b"\xd9"
_PNG_HEAD_BYTES, _PNG_CHUNK_BYTES = 8, 12
_PDF_END = b"%%EOF"
_FILLING = re.compile(rb"(?:[\s\0]++|%(?!PDF-)[^\r\n]*+)*+")
_UPDATE = re.compile(rb"\d+\s+\d+\s+obj\b|xref\b|startxref\b")


def second_format(content: bytes, media_type: str) -> str | None:
    """What people call the other file in this one; None when there is none."""
    if _is_archive(content):
        return _LABELS["archive"]
    for tail in _tails(content, media_type):
        for found in _SECOND.finditer(tail):
            if not (media_type == JPEG and found.lastgroup == "jpeg"):
                return _LABELS[str(found.lastgroup)]
    return None


def _is_archive(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            starts = [entry.header_offset for entry in archive.infolist()[:1]]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, OverflowError, struct.error):
        return False
    return any(content.startswith(b"PK\x03\x04", start) for start in starts if start >= 0)


def _tails(content: bytes, media_type: str) -> list[bytes]:
    if media_type == PDF:
        return _behind_pdf(content)
    end = _jpeg_end(content) if media_type == JPEG else _png_end(content)
    return [content[end:]]


def _jpeg_end(content: bytes) -> int:
    """Behind the mark of the end; thumbnails have their own, within segments."""
    at = 2
    while found := _JPEG_MARKER.search(content, at):
        at = found.end()
        if found[1] == _JPEG_END:
            return at
        at += int.from_bytes(content[at : at + 2], "big")
    return len(content)


def _png_end(content: bytes) -> int:
    at = _PNG_HEAD_BYTES
    while at + _PNG_CHUNK_BYTES <= len(content):
        kind = content[at + 4 : at + 8]
        at += _PNG_CHUNK_BYTES + int.from_bytes(content[at : at + 4], "big")
        if kind == b"IEND":
            return at
    return len(content)


def _behind_pdf(content: bytes) -> list[bytes]:
    """What follows each end and is no part of the PDF: up to the objects of the next update, or else all of it."""
    tails = []
    for part in content.split(_PDF_END)[1:]:
        filling = _FILLING.match(part)
        length = filling.end() if filling else 0
        tails.append(part[:length] if _UPDATE.match(part, length) else part)
    return tails
