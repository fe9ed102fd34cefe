"""Numbers people read aloud and type: `MK-YYYY-NNNNNNNN-C` of applications, `MC-…` of certificates; C is a check digit.

The digit is Damm's: it catches every single wrong digit and every swap of neighbours.
Source: H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004.
"""

import re

APPLICATION_PREFIX = "MK"
CERTIFICATE_PREFIX = "MC"

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_NUMBER = re.compile(r"(M[KC])-(\d{4})-(\d{8})-(\d)")


def check_digit(digits: str) -> str:
    """The digit that makes `digits` plus it a valid Damm word."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def written(prefix: str, year: int, serial: int) -> str:
    """The number of a year's serial."""
    digits = f"{year:04d}{serial:08d}"
    return f"{prefix}-{digits[:4]}-{digits[4:]}-{check_digit(digits)}"


def is_number(prefix: str, text: str) -> bool:
    """Whether `text` is a well-formed number of this kind, check digit included."""
    match = _NUMBER.fullmatch(text)
    return match is not None and match[1] == prefix and check_digit(match[2] + match[3]) == match[4]
