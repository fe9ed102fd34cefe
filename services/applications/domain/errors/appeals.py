"""What is refused about an appeal, by name."""

from chassis.errors import Conflict, Invalid, NotFound


class AppealNotFound(NotFound):
    """No such appeal for who is asking."""

    code = "appeal-not-found"


class NothingRefused(Conflict):
    """Only a refusal that stands can be appealed against."""

    code = "nothing-refused"


class RefusalDateWrong(Invalid):
    """The application was not refused on that day."""

    code = "refusal-date-wrong"


class AppealTooLate(Conflict):
    """The time for an appeal is over."""

    code = "appeal-too-late"


class AppealExists(Conflict):
    """One appeal per refusal."""

    code = "appeal-exists"


class PointNotInRefusal(Invalid):
    """An appeal disputes reasons of the refusal, each once, and nothing else."""

    code = "point-not-in-refusal"


class AttachmentUnknown(Invalid):
    """An appeal may name only attachments that came from the applicant."""

    code = "attachment-unknown"


class StaleAppeal(Conflict):
    """Somebody else wrote the appeal since it was read."""

    code = "stale-appeal"
