"""Refusals of exports, by name."""

from chassis.errors import Conflict, Invalid


class TooManyRows(Conflict):
    """More than one file may hold."""

    code = "too-many-rows"


class NothingChosen(Invalid):
    """An export names its rows, or asks for all of a list."""

    code = "nothing-chosen"


class WindowUnusable(Invalid):
    """The days of a list or an export end before they begin."""

    code = "window-unusable"
