"""Looks at a file that gave no verdict."""

from chassis.errors import Unavailable

RETRY_SECONDS = 30


class InspectionFailed(Unavailable):
    """The look at a file did not come to an end through no fault of the file; worth repeating."""

    code = "inspection-failed"


class LookCut(InspectionFailed):
    """The look was cut off by the clock or from outside. That may be the file's doing, so it is repeated a few times only."""

    code = "look-cut"
