"""What this service refuses, by name."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class ApplicationNotFound(NotFound):
    """No such application for who is asking."""

    code = "application-not-found"


class CertificateNotFound(NotFound):
    """No certificate of this number."""

    code = "certificate-not-found"


class FileNotReady(NotFound):
    """The document is being made; it comes within seconds."""

    code = "file-not-ready"


class IllegalMove(Conflict):
    """The state of the application does not allow this move."""

    code = "illegal-move"


class NotVerified(Conflict):
    """Only a practitioner whose profile the registries confirmed may apply."""

    code = "not-verified"


class ProfileOverdue(Conflict):
    """The registries refused the profile and the term of correction is over: nothing is handed in until it is corrected."""

    code = "correction-overdue"


class OpenApplicationExists(Conflict):
    """One open application per practitioner, kind and specialty."""

    code = "open-application-exists"


class CheckNotClean(Conflict):
    """Only an application without findings may be confirmed."""

    code = "check-not-clean"


class DocumentsChanged(Conflict):
    """A file was replaced after it was confirmed; what is handed in must be confirmed again."""

    code = "documents-changed"


class StaleApplication(Conflict):
    """Somebody else wrote the application since it was read."""

    code = "stale-application"


class AlreadyClaimed(Conflict):
    """Another reviewer holds the application."""

    code = "already-claimed"


class NotClaimed(Conflict):
    """Only who holds the application may do this."""

    code = "not-claimed"


class AlreadyRecommended(Conflict):
    """The reviewers have spoken; somebody else acts now."""

    code = "already-recommended"


class NoRecommendation(Conflict):
    """A registrar decides after the reviewers."""

    code = "no-recommendation"


class ConflictOfInterest(Forbidden):
    """Who is close to the applicant, or already spoke about the application, may not judge it."""

    code = "conflict-of-interest"


class ItemLocked(Invalid):
    """An answer may change only what the request points at."""

    code = "item-locked"


class DocumentUnknown(Invalid):
    """An answer may name only documents that came from the applicant."""

    code = "document-unknown"


class NothingAnswered(Invalid):
    """An answer changes something or explains why not."""

    code = "nothing-answered"


class UnknownSpecialty(Invalid):
    """The code is not in the table of specialties."""

    code = "unknown-specialty"


class UnknownReason(Invalid):
    """The code is not in the table of reasons, or does not point at what it may point at."""

    code = "unknown-reason"


class ReasonsMissing(Invalid):
    """A refusal names its reasons."""

    code = "reasons-missing"


class CommentMissing(Invalid):
    """A resubmission says what was corrected."""

    code = "correction-comment-missing"


class NotRefused(Conflict):
    """Only a refused application can be handed in again."""

    code = "not-refused"
