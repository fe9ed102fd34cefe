"""Damm's check digit, for numbers people read aloud and type: it finds every wrong digit and every swap of neighbours.

Source: H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004.
"""

_QUASIGROUP = (
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


def check_digit(digits: str) -> str:
    """The digit that makes `digits` plus it a valid word."""
    interim = "0"
    for digit in digits:
        interim = _QUASIGROUP[int(interim)][int(digit)]
    return interim
