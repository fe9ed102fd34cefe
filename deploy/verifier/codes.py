"""The signed text of a QR code."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature

from chassis.check_digits import check_digit
from deploy.verifier.keys import Keys, decoded

_KINDS = {1: "первичная", 2: "первичная специализированная", 3: "периодическая"}
_SERIALS = 10**8
_LONGEST = 1_024


class Outcome(StrEnum):
    """What was found; only the first two speak for the certificate."""

    GENUINE = "genuine"
    EXPIRED = "expired"
    ALTERED = "altered"
    FOREIGN_KEY = "foreign-key"
    UNSIGNED = "unsigned"
    NO_CODE = "no-code"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Statement:
    """What was issued."""

    number: str
    holder: str
    kind: str
    specialty_code: str
    valid_from: date
    valid_until: date
    address: str


class Refused(ValueError):
    """Why a code, or a file, proves nothing."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def statement_of(text: str, keys: Keys) -> Statement:
    """What a genuine code states. Raises `Refused`."""
    address, _, token = text.strip().partition("#")
    parts = token.split(".")
    if len(text) > _LONGEST or not address or len(parts) != len(("header", "payload", "signature")):
        raise Refused(Outcome.NO_CODE)
    try:
        header, payload, signature = (decoded(part) for part in parts)
        key_id = _header(header)["kid"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise Refused(Outcome.ALTERED) from None
    key = keys.of_codes.get(str(key_id))
    if key is None:
        raise Refused(Outcome.FOREIGN_KEY)
    try:
        key.verify(signature, token.rpartition(".")[0].encode())
        stated = _read(json.loads(payload), address)
    except (InvalidSignature, ValueError, TypeError, LookupError, RecursionError):
        raise Refused(Outcome.ALTERED) from None
    if address not in [f"{begin}{stated.number}" for begin in keys.addresses]:
        raise Refused(Outcome.ALTERED)
    return stated


def _header(encoded: bytes) -> dict[str, Any]:
    header = json.loads(encoded)
    if not isinstance(header, dict) or header.get("alg") != "Ed25519":
        raise TypeError("not a header of ours")
    return header


def _read(fields: list[Any], address: str) -> Statement:
    number, holder, kind, specialty, first, last = fields
    year, serial = divmod(number, _SERIALS)
    digits, code = f"{year:04d}{serial:08d}", f"{specialty:06d}"
    return Statement(
        number=f"MC-{digits[:4]}-{digits[4:]}-{check_digit(digits)}",
        holder=str(holder),
        kind=_KINDS[kind],
        specialty_code=f"{code[:2]}.{code[2:4]}.{code[4:]}",
        valid_from=_day(first),
        valid_until=_day(last),
        address=address,
    )


def _day(number: int) -> date:
    return datetime.strptime(f"20{number:06d}+0000", "%Y%m%d%z").date()
