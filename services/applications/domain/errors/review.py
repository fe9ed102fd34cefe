"""What is refused of reviewers and registrars, by name."""

from chassis.errors import Conflict, Forbidden, Invalid


class AlreadyClaimed(Conflict):
    """Another reviewer holds the application."""

    code = "already-claimed"


class NotClaimed(Conflict):
    """Only who holds the application may do this."""

    code = "not-claimed"


class AlreadyRecommended(Conflict):
    """The reviewers have spoken; somebody else acts now."""

    code = "already-recommended"


class NoReviewer(Conflict):
    """Nobody who works here may be given the application."""

    code = "no-reviewer"


class NotAReviewer(Invalid):
    """Whom the registrar names does not review applications of this specialty."""

    code = "not-a-reviewer"


class NotARegistrar(Forbidden):
    """Who decides is a registrar by what identity told, not by the token alone: that may outlive the role."""

    code = "not-a-registrar"


class NoRecommendation(Conflict):
    """A registrar decides after the reviewers."""

    code = "no-recommendation"


class ConflictOfInterest(Forbidden):
    """Who is close to the applicant, or already spoke about the application, may not judge it."""

    code = "conflict-of-interest"


class ChecklistIncomplete(Conflict):
    """Approval is proposed when every required row of the checklist was found in order."""

    code = "checklist-incomplete"


class UnknownChecklistItem(Invalid):
    """The kind of the application has no such row, or the answer to it says too little."""

    code = "unknown-checklist-item"


class UnknownReason(Invalid):
    """The code is not in the table of reasons, does not point at what it may point at, or is said twice of one place."""

    code = "unknown-reason"


class ReasonNotCurable(Invalid):
    """The applicant is asked for what they can cure."""

    code = "reason-not-curable"


class ReasonsWithApproval(Invalid):
    """Reasons are those of a refusal: the applicant would read them beside an approval."""

    code = "reasons-with-approval"


class ReasonsMissing(Invalid):
    """A refusal names its reasons."""

    code = "reasons-missing"
