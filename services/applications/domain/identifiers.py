"""Whether state identifiers are written right: lengths and check digits."""

import re

_SEPARATORS = re.compile(r"[\s\u2010-\u2015()./-]+")
_SNILS_WITHOUT_CHECK = 1_001_998
"""Numbers up to 001-001-998 were given out before check digits. Source: PFR, rules of the insurance number."""
_INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_11 = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12 = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_IIN_FIRST = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_IIN_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def digits_of(text: str) -> str:
    """The digits alone; people write separators as they like."""
    return _SEPARATORS.sub("", text)


def is_snils(text: str) -> bool:
    """11 digits, the last two of which check the first nine; the oldest lack them. Source: order of the Pension Fund's board 41p, annex."""
    digits = digits_of(text)
    if not re.fullmatch(r"[0-9]{11}", digits) or int(digits[:9]) == 0:
        return False
    if int(digits[:9]) <= _SNILS_WITHOUT_CHECK:
        return True
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9])) % 101
    return int(digits[9:]) == (0 if total == 100 else total)  # noqa: PLR2004  # 100 has three digits and is written as 00


def is_inn(text: str) -> bool:
    """10 digits with one check digit, 12 with two, or the 12 of a Kazakhstan individual number. Source: order MMV-7-6/435@."""
    digits = digits_of(text)
    if not re.fullmatch(r"[0-9]{10}|[0-9]{12}", digits) or int(digits) == 0:
        return False
    if len(digits) == len(_INN_10) + 1:
        return digits[9] == _inn_digit(digits, _INN_10)
    return (digits[10] == _inn_digit(digits, _INN_11) and digits[11] == _inn_digit(digits, _INN_12)) or _is_iin(digits)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _inn_digit(digits: str, weights: tuple[int, ...]) -> str:
    return str(_weighted(digits, weights) % 11 % 10)


def _is_iin(digits: str) -> bool:
    """The second row of weights decides where the first leaves 10."""
    rest = _weighted(digits, _IIN_FIRST) % 11
    if rest == 10:  # noqa: PLR2004 - no digit
        rest = _weighted(digits, _IIN_SECOND) % 11
    return digits[11] == str(rest)


def is_ogrn(text: str) -> bool:
    """13 digits of an organisation, 15 of an entrepreneur; the last checks the others. Source: order of the Ministry of Finance 165n."""
    digits = digits_of(text)
    if not re.fullmatch(r"[0-9]{13}|[0-9]{15}", digits) or int(digits) == 0:
        return False
    return digits[-1] == str(int(digits[:-1]) % (len(digits) - 2) % 10)


def is_passport(series: str, number: str) -> bool:
    """4 digits of series, 6 of number."""
    return bool(re.fullmatch(r"[0-9]{4}", digits_of(series))) and bool(re.fullmatch(r"[0-9]{6}", digits_of(number)))


def is_phone(text: str) -> bool:
    """E.164."""
    return bool(re.fullmatch(r"\+[1-9][0-9]{7,14}", text))


def is_email(text: str) -> bool:
    """One @ between a local part and a domain with a dot; the mailbox itself was proved by a code."""
    return bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", text))
