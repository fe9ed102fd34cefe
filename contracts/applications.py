"""What applications tells: how an application moves, which terms are near, which certificates exist."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.base import Count, Event, Moment
from contracts.exports import DataExportPiece
from contracts.sealed import Sealed


class _ApplicationEvent(Event):
    aggregate: ClassVar[str] = "application_id"
    about: ClassVar[str | None] = "applicant_id"
    application_id: UUID
    applicant_id: UUID
    number: str
    """The number people see, `MK-YYYY-NNNNNNNN-C`."""


class Reason(BaseModel):
    """Why something is asked for or refused: a code of the reason table and the field or document it points at."""

    model_config = ConfigDict(frozen=True)
    code: str
    pointer: str
    """JSON pointer into the application, or `/documents/<document type>`."""
    text: str = ""
    """The table's words with the name of the field or document; empty where it was told before they were added."""
    advice: str = ""


class DraftSaved(Event):
    """An applicant worked on a draft: told when it begins, when other documents are named, and once on each day of work."""

    type: ClassVar[str] = "applications.draft-saved.v1"
    aggregate: ClassVar[str] = "application_id"
    about: ClassVar[str | None] = "applicant_id"
    application_id: UUID
    applicant_id: UUID
    document_ids: tuple[UUID, ...]


class ApplicationSubmitted(_ApplicationEvent):
    """An applicant handed the application in; from now on the applicant cannot edit it."""

    type: ClassVar[str] = "applications.application-submitted.v1"
    kind: str
    specialty_code: str
    document_ids: tuple[UUID, ...]
    snapshot_sha256: str
    due_at: Moment
    """When the automatic stage must be over."""


class ElectronicDocumentRequested(Event):
    """An application was handed in; its PDF is to be made now, apart from the automatic stage."""

    type: ClassVar[str] = "applications.electronic-document-requested.v1"
    application_id: UUID


class ElectronicDocumentIssued(_ApplicationEvent):
    """The PDF of everything submitted exists; the link is short-lived."""

    type: ClassVar[str] = "applications.electronic-document-issued.v1"
    sha256: str
    link: Sealed[str]


class ReviewBegun(_ApplicationEvent):
    """The automatic stage passed (documents accepted); experts take over."""

    type: ClassVar[str] = "applications.review-begun.v1"
    specialty_code: str
    due_at: Moment


class ReviewClaimed(_ApplicationEvent):
    """A reviewer holds the application and may read its documents."""

    type: ClassVar[str] = "applications.review-claimed.v1"
    reviewer_id: UUID
    document_ids: tuple[UUID, ...]
    is_assigned: bool = False
    """Given to the reviewer, who did not ask for it."""
    former_reviewer_id: UUID | None = None
    """Who held it until then."""


class AssignmentDue(Event):
    """An application waits in the queue for long: it is given to a reviewer if nobody has taken it."""

    type: ClassVar[str] = "applications.assignment-due.v1"
    application_id: UUID


class ReviewReleased(_ApplicationEvent):
    """The reviewer gave the application back, or the claim lapsed."""

    type: ClassVar[str] = "applications.review-released.v1"
    reviewer_id: UUID
    is_lapsed: bool = False
    """Nobody gave it back: its holder kept silent for too long."""


class InformationRequested(_ApplicationEvent):
    """The applicant must correct or add what `remarks` point at; only that is unlocked."""

    type: ClassVar[str] = "applications.information-requested.v1"
    requested_by: Literal["automatic-check", "reviewer"]
    remarks: tuple[Reason, ...]
    unlocked_document_ids: tuple[UUID, ...]
    due_at: Moment


class ProfileChangeProposed(_ApplicationEvent):
    """The applicant's profile became another while the application is open; what was handed in stays, its judge sees both."""

    type: ClassVar[str] = "applications.profile-change-proposed.v1"
    profile_version: Count
    pointers: tuple[str, ...]
    """Places of the application at which the profile says something else now."""
    reviewer_id: UUID | None
    """Who holds the application, if anybody does."""


class InformationProvided(_ApplicationEvent):
    """The applicant answered the request; reviewer_id is None when the automatic stage had asked."""

    type: ClassVar[str] = "applications.information-provided.v1"
    reviewer_id: UUID | None
    document_ids: tuple[UUID, ...]


class ApprovalRecommended(_ApplicationEvent):
    """The reviewer recommends approval; a registrar decides."""

    type: ClassVar[str] = "applications.approval-recommended.v1"
    reviewer_id: UUID
    document_ids: tuple[UUID, ...]
    due_at: Moment
    registrar_ids: tuple[UUID, ...] = ()
    """Registrars who may decide on it, two hundred at most."""


class ApplicationApproved(_ApplicationEvent):
    """The registrar approved; the certificate follows."""

    type: ClassVar[str] = "applications.application-approved.v1"
    registrar_id: UUID


class ApplicationRejected(_ApplicationEvent):
    """Refused, with every reason at once."""

    type: ClassVar[str] = "applications.application-rejected.v1"
    reasons: tuple[Reason, ...]
    may_resubmit: bool | None = None
    """Whether a correction may be handed in; None where it was told before that was added."""


class ApplicationWithdrawn(_ApplicationEvent):
    """The applicant took the application back before a decision."""

    type: ClassVar[str] = "applications.application-withdrawn.v1"
    reviewer_id: UUID | None = None
    """Who held it, if anybody did."""


class _AppealEvent(_ApplicationEvent):
    appeal_id: UUID
    appeal_number: str
    """The number people see, `MA-YYYY-NNNNNNNN-C`."""


class AppealFiled(_AppealEvent):
    """The applicant, or support on their behalf, disputes a refusal; another reviewer examines it."""

    type: ClassVar[str] = "applications.appeal-filed.v1"
    document_ids: tuple[UUID, ...]
    """The application's documents and what came with the appeal."""
    due_at: Moment
    judge_ids: tuple[UUID, ...] = ()
    """Reviewers who may take it, two hundred at most."""


class AppealClaimed(_AppealEvent):
    """A reviewer holds the appeal and may read its documents."""

    type: ClassVar[str] = "applications.appeal-claimed.v1"
    reviewer_id: UUID
    document_ids: tuple[UUID, ...]


class AppealReleased(_AppealEvent):
    """The reviewer gave the appeal back, or the claim lapsed."""

    type: ClassVar[str] = "applications.appeal-released.v1"
    reviewer_id: UUID
    is_lapsed: bool = False
    """Nobody gave it back: its holder kept silent for too long."""


class AppealDecided(_AppealEvent):
    """The refusal stays (`upheld`, or `withdrawn` by the applicant), or it falls and the review begins anew (`overturned`)."""

    type: ClassVar[str] = "applications.appeal-decided.v1"
    outcome: str
    document_ids: tuple[UUID, ...]
    """The application's documents, which a new review needs as they are."""
    former_reviewer_id: UUID | None = None
    """Who held it when its applicant took it back."""


class AppealTermReached(Event):
    """A moment of an appeal's term came: time to remind, to call it missed, or to let a silent claim lapse."""

    type: ClassVar[str] = "applications.appeal-term-reached.v1"
    appeal_id: UUID
    moment: str
    """`reminder`, `due`, `escalation` or `claim`."""
    due_at: Moment
    step: Count = 1
    """Of an escalation: how often it will have been told, the miss itself included."""


class CertificateIssued(_ApplicationEvent):
    """The certificate can be downloaded and verified."""

    type: ClassVar[str] = "applications.certificate-issued.v1"
    certificate_id: UUID
    certificate_number: str
    valid_until: Moment


class CertificateExpiring(Event):
    """A certificate ends in `days_left` days (0: today)."""

    type: ClassVar[str] = "applications.certificate-expiring.v1"
    about: ClassVar[str | None] = "holder_id"
    certificate_id: UUID
    certificate_number: str
    holder_id: UUID
    valid_until: Moment
    days_left: Count


class RenewalDrafted(Event):
    """A certificate begins to end: a prefilled periodic draft waits for its holder."""

    type: ClassVar[str] = "applications.renewal-drafted.v1"
    about: ClassVar[str | None] = "applicant_id"
    application_id: UUID
    applicant_id: UUID
    certificate_id: UUID
    certificate_number: str
    valid_until: Moment


class _StandingEvent(Event):
    aggregate: ClassVar[str] = "certificate_id"
    about: ClassVar[str | None] = "holder_id"
    certificate_id: UUID
    certificate_number: str
    holder_id: UUID
    reason_code: str
    """Of the table of grounds."""
    reason: str
    """The ground in people's words."""


class CertificateSuspended(_StandingEvent):
    """A registrar suspended the certificate: until it is reinstated it must not be relied on."""

    type: ClassVar[str] = "applications.certificate-suspended.v1"


class CertificateReinstated(_StandingEvent):
    """The suspension is over."""

    type: ClassVar[str] = "applications.certificate-reinstated.v1"


class CertificateRevoked(_StandingEvent):
    """A registrar revoked the certificate for good."""

    type: ClassVar[str] = "applications.certificate-revoked.v1"


class EmployerConsentAsked(Event):
    """An employer wants to be told when a certificate's standing changes; its holder decides."""

    type: ClassVar[str] = "applications.employer-consent-asked.v1"
    aggregate: ClassVar[str] = "subscription_id"
    about: ClassVar[str | None] = "holder_id"
    subscription_id: UUID
    holder_id: UUID
    certificate_number: str
    purpose: str
    """Of the table of purposes; who asks is told in the cabinet."""


class TermReached(Event):
    """A moment of a term came: time to remind, to call it missed, or to let a silent claim lapse."""

    type: ClassVar[str] = "applications.term-reached.v1"
    application_id: UUID
    term: Literal["automatic-check", "review", "claim", "information", "approval"]
    moment: Literal["reminder", "due"]
    due_at: Moment


class EscalationDue(Event):
    """A term was missed some time ago: if it still is, it is told once more. `step` is 2 for the first time after the miss."""

    type: ClassVar[str] = "applications.escalation-due.v1"
    application_id: UUID
    term: str
    due_at: Moment
    step: Count


class _DeadlineEvent(_ApplicationEvent):
    aggregate: ClassVar[None] = None  # type: ignore[assignment]  # tells a moment in time, no change of the application
    term: str
    responsible: Literal["applicant", "reviewer", "registrar", "system"]
    responsible_id: UUID | None
    """Who must act; None where nobody in person holds it."""
    due_at: Moment
    called_ids: tuple[UUID, ...] = ()
    """Who may act where nobody in person must, two hundred at most."""
    appeal_id: UUID | None = None
    """The appeal whose term it is; None for a term of the application."""
    appeal_number: str = ""


class DeadlineNear(_DeadlineEvent):
    """A term ends soon."""

    type: ClassVar[str] = "applications.deadline-near.v1"


class DeadlineMissed(_DeadlineEvent):
    """A term ended without the act it was for."""

    type: ClassVar[str] = "applications.deadline-missed.v1"


class DeadlineStillMissed(_DeadlineEvent):
    """A missed term is still not met; `step` counts from 2, since the miss itself was told first."""

    type: ClassVar[str] = "applications.deadline-still-missed.v1"
    step: Count


class ApplicationStalled(_ApplicationEvent):
    """An open application would not go on by itself; told on each day on which it stays so."""

    type: ClassVar[str] = "applications.application-stalled.v1"
    aggregate: ClassVar[None] = None  # type: ignore[assignment]  # tells of no change
    what: str
    """What it lacks: `no-owner`, `holder-left`, `no-reviewer`, `no-registrar`, `no-term`, `no-timer`, `no-step`."""
    since: Moment


class ApplicationPushed(Event):
    """An operator asks for the step that an application lacks; `terms` are those of whose end nothing would tell."""

    type: ClassVar[str] = "applications.application-pushed.v1"
    application_id: UUID
    terms: tuple[str, ...]


class RegistryExported(Event):
    """A registrar took a list of everybody's applications: numbers, kinds, states and dates, no names."""

    type: ClassVar[str] = "applications.registry-exported.v1"
    reader_id: UUID
    purpose: str
    """Why, as a stable code."""
    first_day: date
    last_day: date
    """Days on which the applications were handed in, both included."""
    group: str | None
    specialty_code: str | None
    address: Sealed[str | None] = None
    """Network address of the reader."""


class ApplicationsExported(DataExportPiece):
    """What applications has of a person, asked for by that person."""

    type: ClassVar[str] = "applications.applications-exported.v1"
