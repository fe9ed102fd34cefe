"""The one table of what is told to whom: event, kind (channels, criticality, page: see the kind), recipient, subject and facts."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts import applications, documents, identity, support
from contracts.base import Event
from contracts.documents import TITLES, DocumentType
from contracts.roles import Role
from services.notifications.domain import inside

Addressee = UUID | tuple[UUID, ...] | Role | None

_ALERTS = {
    identity.SecurityAlertKind.REFRESH_TOKEN_REUSED: (
        "Кто-то попытался повторно использовать старый ключ вашего сеанса. Мы завершили этот сеанс."
    ),
    identity.SecurityAlertKind.ACCOUNT_LOCKED: "Вход в кабинет временно закрыт: слишком много неудачных попыток.",
    identity.SecurityAlertKind.PASSKEY_CLONED: (
        "Похоже, что ваш ключ доступа скопирован на другое устройство. Мы его не приняли. Удалите этот ключ и добавьте новый."
    ),
    identity.SecurityAlertKind.RECOVERY_CODE_USED: "В кабинет вошли с резервным кодом. Этот код больше не действует.",
    identity.SecurityAlertKind.FACTOR_ADDED: "К вашему кабинету подключили новый способ подтверждения входа.",
    identity.SecurityAlertKind.FACTOR_REMOVED: "От вашего кабинета отключили способ подтверждения входа.",
    identity.SecurityAlertKind.PASSWORD_CHANGED: (
        "Пароль от кабинета изменён, остальные сеансы завершены. Если это были не вы, сбросьте пароль и обратитесь в поддержку."
    ),
    identity.SecurityAlertKind.PORTAL_LINKED: (
        "С вашей учётной записью связан вход через портал. Если это сделали не вы, удалите связь в разделе «Безопасность»."
    ),
    identity.SecurityAlertKind.PORTAL_UNLINKED: "Связь вашей учётной записи с порталом удалена: вход через него больше не работает.",
    identity.SecurityAlertKind.ACCOUNT_REOPENED: (
        "Администратор снова открыл вход в ваш кабинет, который вы закрыли. Если вы не просили, обратитесь в поддержку."
    ),
    identity.SecurityAlertKind.ACCOUNT_UNLOCKED: "Сотрудник снова открыл вход в ваш кабинет. Причина указана в журнале доступа.",
    identity.SecurityAlertKind.ACCOUNT_OPENED: (
        "Для вас создана учётная запись сотрудника. Задайте пароль на странице входа по ссылке «Забыли пароль?»."
    ),
    identity.SecurityAlertKind.ACCOUNT_DEACTIVATED: "Администратор закрыл доступ к вашей учётной записи сотрудника.",
    identity.SecurityAlertKind.ACCOUNT_ACTIVATED: "Администратор снова открыл доступ к вашей учётной записи сотрудника.",
    identity.SecurityAlertKind.FACTORS_RESET: (
        "Администратор сбросил способы подтверждения вашего входа. Войдите с кодом из SMS и подключите новый способ."
    ),
    identity.SecurityAlertKind.ROLES_CHANGED: "Администратор изменил ваши служебные роли. Войдите заново, чтобы работать с ними.",
    identity.SecurityAlertKind.NEW_DEVICE: (
        "В кабинет вошли с устройства, с которого вы раньше не входили. Если это были не вы, смените пароль и завершите остальные сеансы."
    ),
    identity.SecurityAlertKind.MANY_REFUSALS: (
        "В ваш кабинет много раз пытались войти и не смогли. Если это были не вы, смените пароль и подключите второй фактор."
    ),
    identity.SecurityAlertKind.RECOVERY_CODES_RENEWED: "Получены новые резервные коды для входа в ваш кабинет. Прежние не действуют.",
    identity.SecurityAlertKind.DEVICE_TRUSTED: (
        "Одно устройство теперь входит в ваш кабинет без кода. Если это сделали не вы, смените пароль: код спросят на всех устройствах."
    ),
    identity.SecurityAlertKind.SESSIONS_ENDED: "Администратор завершил все сеансы вашего кабинета. Войдите заново.",
}
_UNKNOWN_ALERT = "Мы заметили необычные действия с вашей учётной записью."
_STALLS = {
    "no-owner": "никто не должен действовать",
    "holder-left": "эксперт, у которого оно находится, больше не может его рассматривать",
    "no-reviewer": "нет эксперта, который может его рассмотреть: не высказывался о нём и не работает с заявителем",
    "no-registrar": "нет регистратора, который может принять решение: не высказывался о нём и не работает с заявителем",
    "no-term": "ни один срок не идёт",
    "no-timer": "об окончании срока никто не узнает",
    "no-step": "система не делает следующего шага",
}
_STAGES = {
    "automatic-check": "автоматической проверки",
    "review": "экспертизы",
    "information": "ответа заявителя",
    "approval": "принятия решения",
    "appeal": "рассмотрения жалобы",
}
_FIELDS = {
    "surname": "фамилия",
    "given_name": "имя",
    "patronymic": "отчество",
    "birth_date": "дата рождения",
    "birth_place": "место рождения",
    "passport": "паспорт",
    "passport_series": "серия паспорта",
    "passport_number": "номер паспорта",
    "passport_issued_on": "дата выдачи паспорта",
    "passport_issued_by": "кем выдан паспорт",
    "snils": "СНИЛС",
    "inn": "ИНН",
    "diploma_number": "номер диплома",
    "qualification": "квалификация",
    "specialty_code": "специальность",
    "licence": "лицензия",
    "series": "серия",
    "number": "номер",
    "valid_until": "срок действия лицензии",
    "workplace": "место работы",
    "phone": "телефон",
    "email": "электронная почта",
    "training_hours": "часы обучения",
    "employments": "стаж",
}


def _always(_: Any) -> bool:
    return True


def _nothing(_: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `to` gives a person or several, everybody of a role, or nobody; `facts` and `secrets` name fields of the event."""

    event: type[Event]
    kind: str
    to: Callable[[Any], Addressee]
    about: str | None = None
    """Name of the field that identifies the subject; `application_id` makes `application:<id>`."""
    facts: tuple[str, ...] = ()
    words: Callable[[Any], Mapping[str, Any]] = _nothing
    """Facts that are Russian words for codes of the event."""
    secrets: tuple[str, ...] = ()
    """Sealed fields an outside channel needs; kept encrypted with the delivery."""
    when: Callable[[Any], bool] = field(default=_always)

    def subject(self, event: Any) -> str | None:
        """What the notice is about."""
        return None if self.about is None else f"{self.about.removesuffix('_id')}:{getattr(event, self.about)}"

    def facts_of(self, event: Any) -> dict[str, Any]:
        """What the template may say."""
        return {"occurred_at": event.occurred_at} | {name: getattr(event, name) for name in self.facts} | dict(self.words(event))


def _applicant(event: Any) -> Addressee:
    return UUID(str(event.applicant_id))


def _holder(event: Any) -> Addressee:
    return UUID(str(event.holder_id))


def _owner(event: Any) -> Addressee:
    return UUID(str(event.owner_id))


def _practitioner(event: Any) -> Addressee:
    return UUID(str(event.practitioner_id))


def _requester(event: Any) -> Addressee:
    return UUID(str(event.requester_id))


def _administrators(_: Any) -> Addressee:
    return Role.ADMINISTRATOR


def _registrars(_: Any) -> Addressee:
    return Role.REGISTRAR


def _auditors(_: Any) -> Addressee:
    return Role.AUDITOR


def _minutes(event: identity.BulkReadingDetected) -> Mapping[str, Any]:
    return {"minutes": max(1, event.window_seconds // 60)}


def _document(event: Any) -> Mapping[str, Any]:
    known = event.document_type in set(DocumentType)
    return {"document": inside(TITLES[DocumentType(event.document_type)]) if known else "документ"}


def _remarks(event: applications.InformationRequested) -> Mapping[str, Any]:
    return {"remark_count": len(event.remarks), "remarks": _worded(event.remarks)}


def _reasons(event: applications.ApplicationRejected) -> Mapping[str, Any]:
    may_resubmit = event.may_resubmit is not False
    return {"reason_count": len(event.reasons), "reasons": _worded(event.reasons), "may_resubmit": may_resubmit}


def _worded(reasons: Iterable[applications.Reason]) -> list[dict[str, str]]:
    """Those that come with their words; older events have codes alone."""
    return [{"text": reason.text, "advice": reason.advice} for reason in reasons if reason.text]


def _named(fields: Iterable[str]) -> list[str]:
    """Each field by its last known part: the number of a licence is `licence.number` or `/practice/licence/number`."""
    parts = ([part for part in re.split(r"[./]", name) if part in _FIELDS] for name in fields)
    return list(dict.fromkeys(_FIELDS[known[-1]] if known else "другие сведения" for known in parts))


def _mismatches(event: identity.ProfileRefused) -> Mapping[str, Any]:
    return {"fields": _named(mismatch.field for mismatch in event.mismatches)}


def _changed(event: identity.ProfileChanged) -> Mapping[str, Any]:
    return {"fields": _named(event.fields)}


def _alert(event: identity.SecurityAlertRaised) -> Mapping[str, Any]:
    return {"what": _ALERTS.get(event.kind, _UNKNOWN_ALERT)}  # type: ignore[call-overload]  # kinds travel as plain strings


def _is_invitation(event: identity.SecurityAlertRaised) -> bool:
    return event.kind == identity.SecurityAlertKind.ACCOUNT_OPENED


def _is_warning(event: identity.SecurityAlertRaised) -> bool:
    return not _is_invitation(event)


def _holds(role: str) -> Callable[[Any], bool]:
    return lambda event: event.responsible == role


def _called(event: Any) -> Addressee:
    """Who must act, or everybody who may: applications knows who that is, the role alone does not say it."""
    return UUID(str(event.responsible_id)) if event.responsible_id else tuple(event.called_ids)


def _is_of_review(event: Any) -> bool:
    return bool(event.responsible == "reviewer" and not _is_of_appeal(event))


def _is_of_appeal(event: Any) -> bool:
    return event.appeal_id is not None


def _is_of_staff(event: Any) -> bool:
    return bool(event.responsible != "applicant")


def _stage(event: Any) -> Mapping[str, Any]:
    return {"stage": _STAGES.get(event.term, "рассмотрения"), "is_of_staff": _is_of_staff(event)}


def _stall(event: applications.ApplicationStalled) -> Mapping[str, Any]:
    return {"what": _STALLS.get(event.what, "следующий шаг не запланирован")}


def _ends(outcome: str) -> Callable[[Any], bool]:
    return lambda event: event.outcome == outcome


_APPLICATION = ("application_id", "number")
_STANDING = ("certificate_number", "reason")
_TERM = (*_APPLICATION, "due_at")
_APPEAL = (*_APPLICATION, "appeal_id", "appeal_number")
_APPEAL_TERM = (*_APPEAL, "due_at")
_TICKET = ("ticket_id", "number")
_READING = ("reader_id", "people")

TABLE: tuple[Rule, ...] = (
    Rule(applications.ApplicationSubmitted, "application-received", _applicant, "application_id", _TERM),
    Rule(
        applications.ElectronicDocumentIssued, "electronic-document-issued", _applicant, "application_id",
        (*_APPLICATION, "sha256"), secrets=("link",),
    ),
    Rule(
        applications.RenewalDrafted, "renewal-drafted", _applicant, "application_id",
        ("application_id", "certificate_number", "valid_until"),
    ),
    Rule(applications.ReviewBegun, "review-begun", _applicant, "application_id", _TERM),
    Rule(
        applications.ReviewClaimed, "review-assigned", lambda event: event.reviewer_id, "application_id", _APPLICATION,
        when=lambda event: event.is_assigned,
    ),
    Rule(applications.ReviewClaimed, "review-reassigned", lambda event: event.former_reviewer_id, "application_id", _APPLICATION),
    Rule(
        applications.ReviewReleased, "claim-lapsed", lambda event: event.reviewer_id, "application_id", _APPLICATION,
        when=lambda event: event.is_lapsed,
    ),
    Rule(applications.ApprovalRecommended, "approval-awaited", lambda event: event.registrar_ids, "application_id", _TERM),
    Rule(applications.InformationRequested, "information-requested", _applicant, "application_id", _TERM, _remarks),
    Rule(
        applications.InformationProvided, "information-provided", lambda event: event.reviewer_id, "application_id", _APPLICATION,
        when=lambda event: event.reviewer_id is not None,
    ),
    Rule(
        applications.ProfileChangeProposed, "profile-change-proposed", lambda event: event.reviewer_id, "application_id", _APPLICATION,
        when=lambda event: event.reviewer_id is not None,
    ),
    Rule(applications.ApplicationRejected, "application-rejected", _applicant, "application_id", _APPLICATION, _reasons),
    Rule(applications.AppealFiled, "appeal-filed", _applicant, "application_id", _APPEAL_TERM),
    Rule(applications.AppealFiled, "appeal-to-judge", lambda event: event.judge_ids, "application_id", _APPEAL_TERM),
    Rule(applications.AppealDecided, "appeal-upheld", _applicant, "application_id", _APPEAL, when=_ends("upheld")),
    Rule(applications.AppealDecided, "appeal-overturned", _applicant, "application_id", _APPEAL, when=_ends("overturned")),
    Rule(applications.AppealDecided, "appeal-withdrawn", _applicant, "application_id", _APPEAL, when=_ends("withdrawn")),
    Rule(applications.AppealDecided, "appeal-review-withdrawn", lambda event: event.former_reviewer_id, "application_id", _APPEAL),
    Rule(
        applications.AppealReleased, "appeal-claim-lapsed", lambda event: event.reviewer_id, "application_id", _APPEAL,
        when=lambda event: event.is_lapsed,
    ),
    Rule(applications.ApplicationApproved, "application-approved", _applicant, "application_id", _APPLICATION),
    Rule(applications.ApplicationWithdrawn, "application-withdrawn", _applicant, "application_id", _APPLICATION),
    Rule(applications.ApplicationWithdrawn, "review-withdrawn", lambda event: event.reviewer_id, "application_id", _APPLICATION),
    Rule(
        applications.CertificateIssued, "certificate-issued", _applicant, "application_id",
        (*_APPLICATION, "certificate_number", "valid_until"),
    ),
    Rule(
        applications.CertificateExpiring, "certificate-expiring", _holder, "certificate_id",
        ("certificate_number", "valid_until", "days_left"),
    ),
    Rule(applications.CertificateReinstated, "certificate-reinstated", _holder, "certificate_id", _STANDING),
    Rule(applications.CertificateRevoked, "certificate-revoked", _holder, "certificate_id", _STANDING),
    Rule(applications.CertificateSuspended, "certificate-suspended", _holder, "certificate_id", _STANDING),
    Rule(applications.EmployerConsentAsked, "employer-consent-asked", _holder, "subscription_id", ("certificate_number",)),
    Rule(applications.DeadlineNear, "deadline-near", _applicant, "application_id", _TERM, when=_holds("applicant")),
    Rule(applications.DeadlineNear, "review-deadline-near", _called, "application_id", _TERM, when=_is_of_review),
    Rule(applications.DeadlineNear, "appeal-deadline-near", _called, "application_id", _APPEAL_TERM, when=_is_of_appeal),
    Rule(applications.DeadlineNear, "approval-deadline-near", _called, "application_id", _TERM, when=_holds("registrar")),
    Rule(applications.DeadlineMissed, "answer-overdue", _applicant, "application_id", _TERM, when=_holds("applicant")),
    Rule(applications.DeadlineMissed, "deadline-missed", _applicant, "application_id", _TERM, _stage, when=_is_of_staff),
    Rule(applications.DeadlineMissed, "review-deadline-missed", _called, "application_id", _TERM, when=_is_of_review),
    Rule(applications.DeadlineMissed, "appeal-deadline-missed", _called, "application_id", _APPEAL_TERM, when=_is_of_appeal),
    Rule(applications.DeadlineMissed, "approval-deadline-missed", _called, "application_id", _TERM, when=_holds("registrar")),
    Rule(applications.DeadlineMissed, "deadline-escalated", _administrators, "application_id", _TERM, when=_is_of_staff),
    Rule(applications.DeadlineStillMissed, "deadline-still-missed", _administrators, "application_id", _TERM, _stage, when=_is_of_staff),
    Rule(applications.DeadlineStillMissed, "deadline-still-missed", _registrars, "application_id", _TERM, _stage),
    Rule(applications.ApplicationStalled, "application-stalled", _administrators, "application_id", _APPLICATION, _stall),
    Rule(
        documents.DocumentAccepted, "document-accepted", _owner, "document_id", ("document_id",), _document,
        when=lambda event: not event.was_accepted,
    ),
    Rule(documents.DocumentRejected, "document-rejected", _owner, "document_id", ("document_id",), _document),
    Rule(documents.DocumentDelayed, "document-delayed", _owner, "document_id", ("document_id",), _document),
    Rule(documents.DocumentDelayed, "check-stuck", _administrators, "document_id", ("document_id",), _document),
    Rule(
        documents.DocumentRemovalPlanned, "document-removal-planned", _owner, "document_id", ("document_id", "remove_at"), _document,
    ),
    Rule(documents.DocumentRemoved, "document-removed", _owner, "document_id", ("document_id",), _document),
    Rule(documents.MalwareFound, "malware-found", _administrators, "document_id", ("document_id",), _document),
    Rule(documents.DamageFound, "files-damaged", _administrators, "sweep_id", ("sweep_id", "files")),
    Rule(identity.PractitionerRegistered, "practitioner-registered", _practitioner, "practitioner_id"),
    Rule(identity.ProfileVerified, "profile-verified", _practitioner, "practitioner_id"),
    Rule(identity.ProfileRefused, "profile-refused", _practitioner, "practitioner_id", ("correct_by",), _mismatches),
    Rule(identity.ProfileChanged, "profile-changed", _practitioner, "practitioner_id", (), _changed),
    Rule(identity.CorrectionDueSoon, "correction-due-soon", _practitioner, "practitioner_id", ("correct_by",)),
    Rule(identity.CorrectionOverdue, "correction-overdue", _practitioner, "practitioner_id", ("correct_by",)),
    Rule(identity.VerificationEscalated, "verification-escalated", _administrators, "practitioner_id", ("practitioner_id", "registries")),
    Rule(identity.BulkReadingDetected, "bulk-reading", _auditors, "reader_id", _READING, _minutes),
    Rule(identity.BulkReadingDetected, "bulk-reading", _administrators, "reader_id", _READING, _minutes),
    Rule(
        identity.SecurityAlertRaised, "security-alert", lambda event: event.person_id, None, (), _alert, when=_is_warning,
    ),
    Rule(
        identity.SecurityAlertRaised, "staff-account-opened", lambda event: event.person_id, None, (), _alert, when=_is_invitation,
    ),
    Rule(identity.DataExportReady, "data-export-ready", lambda event: event.person_id, None, ("export_id", "expires_at")),
    Rule(identity.ErasurePlanned, "erasure-planned", lambda event: event.person_id, None, ("due_at", "is_held")),
    Rule(identity.ErasureCancelled, "erasure-cancelled", lambda event: event.person_id),
    Rule(support.TicketOpened, "ticket-opened", _requester, "ticket_id", (*_TICKET, "due_at")),
    Rule(support.TicketAnswered, "ticket-answered", _requester, "ticket_id", _TICKET),
    Rule(support.TicketClosed, "ticket-closed", _requester, "ticket_id", _TICKET),
    Rule(support.TicketOverdue, "ticket-overdue", lambda event: event.owner_id or Role.SUPPORT_AGENT, "ticket_id", _TICKET),
)  # fmt: skip

ACTS: dict[type[Event], tuple[str, str]] = {
    applications.AppealFiled: ("applicant_id", "application_id"),
    applications.InformationProvided: ("applicant_id", "application_id"),
    applications.ApplicationWithdrawn: ("applicant_id", "application_id"),
    applications.ApplicationRejected: ("applicant_id", "application_id"),
    applications.CertificateIssued: ("applicant_id", "application_id"),
    identity.ProfileVerified: ("practitioner_id", "practitioner_id"),
}
"""Events after which nothing is awaited any more about a subject: fields of the person and of the subject."""


def rules_of(event: Event) -> tuple[Rule, ...]:
    """The rows that apply to the event."""
    return tuple(rule for rule in TABLE if isinstance(event, rule.event) and rule.when(event))
