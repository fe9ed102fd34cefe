"""Consents after registration: which are in force, which a person is to be asked for, agreeing and withdrawing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chassis.errors import Conflict, NotFound
from services.identity.domain.fields import Findings
from services.identity.domain.registration import Consent

_MOST = 200
"""Agreements kept of one person; far more than there will ever be versions."""
Consents = tuple[Consent, ...]


class NoSuchConsent(NotFound):
    """Nothing in force to withdraw."""

    code = "no-such-consent"


class ConsentKept(Conflict):
    """A consent without which there is no account; the account is closed by a request to erase it."""

    code = "consent-needed"


class ErasureUnconfirmed(Conflict):
    """Withdrawing this consent erases the account, which is to be confirmed in so many words."""

    code = "erasure-confirmation-needed"


class TooManyConsents(Conflict):
    """Agreed and withdrawn too often."""

    code = "too-many-consents"


class Withdrawal(StrEnum):
    """What withdrawing a consent does."""

    ERASES = "erases"
    REFUSED = "refused"
    ALLOWED = "allowed"


def in_force(consents: Consents, document: str) -> Consent | None:
    """The latest agreement to the document that was not withdrawn."""
    return next((given for given in reversed(consents) if given.document == document and given.withdrawn_at is None), None)


def misses(consents: Consents, withdrawals: Mapping[str, Withdrawal]) -> bool:
    """Whether a consent without which the account is erased is withdrawn."""
    given = {consent.document for consent in consents}
    return any(effect is Withdrawal.ERASES and name in given and in_force(consents, name) is None for name, effect in withdrawals.items())


def due(consents: Consents, required: Mapping[str, str]) -> dict[str, str]:
    """Documents whose required version is not agreed to. An earlier version stays in force until then."""
    known = {document: in_force(consents, document) for document in required}
    return {document: version for document, version in required.items() if (given := known[document]) is None or given.version != version}


def agreed(consents: Consents, given: Mapping[str, str], required: Mapping[str, str], *, at: datetime, address: str | None) -> Consents:
    """With agreement to what is given; what is agreed to already stays as it was. Raises `InvalidFields` for any other version."""
    findings = Findings()
    for document, version in given.items():
        if required.get(document) != version:
            findings.add("/consents", "consent-unknown", f"Нет документа «{document}» в редакции {version}, с которым нужно согласие.")
    findings.raise_any()
    fresh = tuple(
        Consent(document, version, given_at=at, address=address)
        for document, version in given.items()
        if document in due(consents, required)
    )
    if len(consents) + len(fresh) > _MOST:
        raise TooManyConsents("Согласие давали и отзывали слишком много раз. Обратитесь в поддержку.")
    return (*consents, *fresh)


def withdrawn(consents: Consents, document: str, *, at: datetime) -> Consents:
    """Without agreement to any version of the document; the record stays. Raises `NoSuchConsent`."""
    if in_force(consents, document) is None:
        raise NoSuchConsent("Действующего согласия с этим документом нет.")
    return tuple(
        replace(given, withdrawn_at=at) if given.document == document and given.withdrawn_at is None else given for given in consents
    )
