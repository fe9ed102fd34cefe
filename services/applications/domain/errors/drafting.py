"""What is refused before an application is handed in, by name."""

from chassis.errors import Conflict, Invalid


class NotVerified(Conflict):
    """Only a practitioner whose profile the registries confirmed may apply."""

    code = "not-verified"


class ProfileOverdue(Conflict):
    """The registries refused the profile and the term of correction is over: nothing is handed in until it is corrected."""

    code = "correction-overdue"


class CheckNotClean(Conflict):
    """Only what the check finds nothing wrong with may be confirmed, answered or approved."""

    code = "check-not-clean"


class DocumentsChanged(Conflict):
    """A file was replaced after it was confirmed; what is handed in must be confirmed again."""

    code = "documents-changed"


class UnknownSpecialty(Invalid):
    """The code is not in the table of specialties."""

    code = "unknown-specialty"


class CommentMissing(Invalid):
    """A resubmission says what was corrected."""

    code = "correction-comment-missing"


class NothingToCorrect(Invalid):
    """A comment on what was corrected, where nothing of the kind and specialty was refused."""

    code = "nothing-to-correct"


class NotRefused(Conflict):
    """Only a refused application can be handed in again."""

    code = "not-refused"


class ResubmissionClosed(Conflict):
    """A reason of the refusal rules a correction out (the table of reasons says which do), and another application has to wait."""

    code = "resubmission-closed"
