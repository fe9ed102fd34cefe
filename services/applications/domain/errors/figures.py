"""What is refused of figures, by name."""

from chassis.errors import Invalid


class WindowWrong(Invalid):
    """The days of figures are no whole months, in the wrong order, or too many."""

    code = "figures-window-wrong"


class TooMuchToCount(Invalid):
    """More applications fall into the window than are counted at once."""

    code = "too-much-to-count"
