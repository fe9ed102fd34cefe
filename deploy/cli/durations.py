"""Durations as people write them: `2d`, `-3h`, `1d12h`, `90m`."""

import re
from datetime import timedelta

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_WHOLE = re.compile(rf"([+-]?)((?:{_PART.pattern})+)")
LONGEST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta:
    """The duration; raises `ValueError` saying how it is written."""
    whole = _WHOLE.fullmatch(text.strip().lower())
    if whole is None:
        raise ValueError(f"«{text}» не длительность. Пишите так: 2d, 36h, 1d12h, -90m (w, d, h, m, s)")
    try:
        length = sum((timedelta(**{_UNITS[unit]: float(count)}) for count, unit in _PART.findall(whole[2])), timedelta())
    except OverflowError:
        length = LONGEST * 2
    if length > LONGEST:
        raise ValueError(f"«{text}» длиннее ста лет")
    return -length if whole[1] == "-" else length
