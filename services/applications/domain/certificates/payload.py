"""What the QR code of a certificate states, in so few bytes that the code stays readable on paper.

A JSON array in a fixed order: year and serial of the number as one integer, surname and initials, kind, digits of the specialty code,
first and last day of validity as YYMMDD. It is signed; whoever has our public key reads it without asking us.
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Self

from services.applications.domain.certificates.certificate import Certificate
from services.applications.domain.numbers import CERTIFICATE_PREFIX, is_number, written
from services.applications.domain.rules import Kind
from services.applications.domain.terms import Terms

LONGEST_NAME = 40
LONGEST_CODE = 1_024
"""Characters; ours have about 250, and nobody needs to look at what is much longer."""

_KINDS = {1: Kind.PRIMARY, 2: Kind.PRIMARY_SPECIALISED, 3: Kind.PERIODIC}
"""Printed on paper for years: a digit never gets another meaning."""
_KIND_DIGITS = {kind: digit for digit, kind in _KINDS.items()}
_SERIALS = 10**8
_SPECIALTY = re.compile(r"(\d{2})\.(\d{2})\.(\d{2})")


class NotACode(ValueError):
    """The text is not that of a certificate's code."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What was issued. Whether it still stands, only the service knows."""

    number: str
    holder: str
    """Surname and initials without dots; the longest are cut."""
    kind: Kind
    specialty_code: str
    valid_from: date
    valid_until: date

    @classmethod
    def of(cls, certificate: Certificate, terms: Terms) -> Self:
        """The statement of a certificate, in days of the service's zone."""
        return cls(
            number=certificate.number,
            holder=_brief(certificate.holder_short_name),
            kind=certificate.kind,
            specialty_code=certificate.specialty_code,
            valid_from=terms.local_date(certificate.issued_at),
            valid_until=terms.local_date(certificate.valid_until),
        )

    def encoded(self) -> bytes:
        """As it is signed. Raises `ValueError` for a number or a specialty that is not written like ours."""
        if not is_number(CERTIFICATE_PREFIX, self.number) or not (specialty := _SPECIALTY.fullmatch(self.specialty_code)):
            raise ValueError("the number or the specialty code does not fit into a code")
        _, year, serial, _ = self.number.split("-")
        fields = [
            int(year + serial),
            self.holder,
            _KIND_DIGITS[self.kind],
            int("".join(specialty.groups())),
            int(f"{self.valid_from:%y%m%d}"),
            int(f"{self.valid_until:%y%m%d}"),
        ]
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, payload: bytes) -> Self:
        """The statement of a verified payload. Raises `NotACode` for anything else."""
        try:
            number, holder, kind, specialty, first, last = json.loads(payload)
            year, serial = divmod(number, _SERIALS)
            digits = f"{specialty:06d}"
            return cls(
                number=written(CERTIFICATE_PREFIX, year, serial),
                holder=holder,
                kind=_KINDS[kind],
                specialty_code=f"{digits[:2]}.{digits[2:4]}.{digits[4:]}",
                valid_from=_day(first),
                valid_until=_day(last),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            raise NotACode("the payload is none of ours") from None


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """What a code's text is worth by itself; the statement is there when it is genuine."""

    outcome: Literal["genuine", "altered", "foreign-key"]
    statement: Statement | None = None


def parts_of(code: str) -> tuple[str, str]:
    """Address and signed part of a code's text. Raises `NotACode` when there are no two."""
    address, mark, token = code.strip().partition("#")
    if len(code) > LONGEST_CODE or not address or not mark or not token:
        raise NotACode("a code is an address, # and a signed part")
    return address, token


def _brief(short_name: str) -> str:
    words = short_name.split(" ")
    initials = "".join(word[0] for word in words if word[1:] == ".")
    return " ".join(part for part in (*(word for word in words if word[1:] != "."), initials) if part)[:LONGEST_NAME]


def _day(number: int) -> date:
    return datetime.strptime(f"20{number:06d}+0000", "%Y%m%d%z").date()
