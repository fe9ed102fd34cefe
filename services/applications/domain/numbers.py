"""Numbers people read aloud and type: `MK-YYYY-NNNNNNNN-C` of applications, `MC` of certificates, `MA` of appeals; C is a check digit."""

import re

from chassis.check_digits import check_digit

APPLICATION_PREFIX = "MK"
CERTIFICATE_PREFIX = "MC"
APPEAL_PREFIX = "MA"

_NUMBER = re.compile(r"(M[KCA])-(\d{4})-(\d{8})-(\d)")


def written(prefix: str, year: int, serial: int) -> str:
    """The number of a year's serial."""
    digits = f"{year:04d}{serial:08d}"
    return f"{prefix}-{digits[:4]}-{digits[4:]}-{check_digit(digits)}"


def is_number(prefix: str, text: str) -> bool:
    """Whether `text` is a well-formed number of this kind, check digit included."""
    match = _NUMBER.fullmatch(text)
    return match is not None and match[1] == prefix and check_digit(match[2] + match[3]) == match[4]
