"""Whether state identifiers are written right: lengths and check digits."""

import re

_INN_11 = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12 = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def digits_of(text: str) -> str:
    """The digits alone; people write separators as they like."""
    return re.sub(r"[\s\-]", "", text)


def is_snils(text: str) -> bool:
    """11 digits, the last two of which check the first nine. Source: order of the Pension Fund's board 41p, annex."""
    digits = digits_of(text)
    if not re.fullmatch(r"[0-9]{11}", digits):
        return False
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9])) % 101
    return int(digits[9:]) == (0 if total == 100 else total)  # noqa: PLR2004  # 100 has three digits and is written as 00


def is_inn(text: str) -> bool:
    """12 digits of a person, two of them check digits. Source: order of the Federal Tax Service MMV-7-6/435@."""
    if not re.fullmatch(r"[0-9]{12}", text):
        return False
    return text[10] == _inn_digit(text, _INN_11) and text[11] == _inn_digit(text, _INN_12)


def _inn_digit(text: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False)) % 11 % 10)


def is_ogrn(text: str) -> bool:
    """13 digits; the last is the rest of the first twelve divided by 11. Source: order of the Ministry of Finance 165n."""
    return bool(re.fullmatch(r"[0-9]{13}", text)) and int(text[12]) == int(text[:12]) % 11 % 10


def is_passport(series: str, number: str) -> bool:
    """4 digits of series, 6 of number."""
    return bool(re.fullmatch(r"[0-9]{4}", digits_of(series))) and bool(re.fullmatch(r"[0-9]{6}", digits_of(number)))


def is_phone(text: str) -> bool:
    """E.164."""
    return bool(re.fullmatch(r"\+[1-9][0-9]{7,14}", text))


def is_email(text: str) -> bool:
    """One @ between a local part and a domain with a dot; the mailbox itself was proved by a code."""
    return bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", text))
