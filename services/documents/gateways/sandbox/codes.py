"""The QR codes of a page and where they lead."""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

import numpy as np
import zxingcpp

from .measures import Gray

_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_ENLARGED_BELOW = 4_000_000
"""Pixels of a page that is looked at once more, enlarged: codes of a small picture have modules of one or two pixels."""
_HTTPS = 443


def texts(page: Gray) -> tuple[str, ...]:
    """What the QR codes of a page say, whichever way they are turned; codes too damaged to be read are not there."""
    found = _read(page)
    if not found and page.size <= _ENLARGED_BELOW:
        found = _read(page.repeat(2, axis=0).repeat(2, axis=1))
    return found


def _read(page: Gray) -> tuple[str, ...]:
    return tuple(code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(page), formats=_FORMATS) if code.valid)


def leads_to(text: str, hosts: Collection[str]) -> bool:
    """Whether a browser that opens the text comes to one of these hosts, over TLS and nowhere else."""
    try:
        address = urlsplit(text.strip())
        port = address.port
    except ValueError:
        return False
    is_plain = address.username is None and address.password is None and port in {None, _HTTPS} and "\\" not in text
    return address.scheme == "https" and address.hostname in hosts and is_plain


def problems(found: Collection[str], hosts: Collection[str]) -> Iterator[dict[str, str]]:
    """What is wrong with the codes of a confirmation: one that leads elsewhere is worse than none."""
    if not found:
        yield {"code": "code-missing"}
    elif not all(leads_to(text, hosts) for text in found):
        yield {"code": "code-foreign"}
