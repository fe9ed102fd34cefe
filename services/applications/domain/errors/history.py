"""Refusals of looking back."""

from chassis.errors import Invalid


class DayAhead(Invalid):
    """Nobody can tell how applications will stand."""

    code = "day-ahead"


class SortNotKept(Invalid):
    """An order that a past day cannot be shown in."""

    code = "sort-not-kept"
