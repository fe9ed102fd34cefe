"""Published lists of bits that say which credentials are revoked or suspended. Source: W3C, Bitstring Status List 1.0."""

import base64
import gzip
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.applications.domain.grounds import Change

LENGTH = 131_072
"""Bits of a list, the least the standard allows: the smaller a list, the more its readers' questions tell about whom they look at."""
FILLED = LENGTH // 2
"""How many places of a list are given out: a place is drawn, and half of the draws may fail."""
_TTL_MILLISECONDS = 300_000


class Purpose(StrEnum):
    """What a set bit says."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"


SETS: MappingProxyType[Purpose, Change] = MappingProxyType({Purpose.REVOCATION: Change.REVOKED, Purpose.SUSPENSION: Change.SUSPENDED})
"""Which last change of standing sets the bit."""


def encoded(indexes: Iterable[int]) -> str:
    """The compressed bits, the first one leftmost; the same indexes give the same text."""
    bits = bytearray(LENGTH // 8)
    for index in indexes:
        bits[index // 8] |= 0x80 >> index % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).rstrip(b"=").decode()


def list_url(base_url: str, list_id: str, purpose: Purpose) -> str:
    """Where a list is published."""
    return f"{base_url}/status-lists/{list_id}/{purpose.value}"


def entries(base_url: str, list_id: str, index: int) -> list[dict[str, Any]]:
    """What a credential says of its bits."""
    return [
        {
            "id": f"{list_url(base_url, list_id, purpose)}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose.value,
            "statusListIndex": str(index),
            "statusListCredential": list_url(base_url, list_id, purpose),
        }
        for purpose in Purpose
    ]


def list_credential(
    base_url: str, issuer: str, list_id: str, purpose: Purpose, indexes: Iterable[int], made_at: datetime
) -> dict[str, Any]:
    """The credential a list is published as."""
    url = list_url(base_url, list_id, purpose)
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose.value,
            "ttl": _TTL_MILLISECONDS,
            "encodedList": encoded(indexes),
        },
    }
