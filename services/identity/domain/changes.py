"""A proposed change of a profile: what it changes, which text confirms it, what proves it, until when."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.errors import Conflict, FieldError, Invalid, NotFound, PreconditionFailed
from services.identity.domain.codes import CodeRefused, OneTimeCode
from services.identity.domain.stated import CONTACTS, FieldChange, Stated, differences

PURPOSE = "medkabinet.profile-change.v1"
"""Begins what is signed, so that a signature for something else never fits."""


class NoSuchProfileChange(NotFound):
    """No open change of this id for who is asking."""

    code = "no-such-profile-change"

    def __init__(self) -> None:
        super().__init__("Такого изменения нет: оно уже подтверждено или заменено другим. Откройте профиль и внесите изменение ещё раз.")


class ProfileChangeExpired(Conflict):
    """Not confirmed in time."""

    code = "profile-change-expired"


class ProfileChangeOutdated(Conflict):
    """The profile has another version than the one the change was made from."""

    code = "profile-change-outdated"


class StaleProfile(PreconditionFailed):
    """The profile was changed since it was read."""

    code = "stale-profile"


class NothingChanged(Invalid):
    """The change says what the profile says."""

    code = "nothing-changed"


class ProofMissing(Invalid):
    """Codes that are needed were not given; `errors` names each."""

    code = "code-missing"


class ProofNotNeeded(Invalid):
    """A code was asked for that proves nothing here."""

    code = "code-not-needed"


class Proof(StrEnum):
    """What a code proves: possession of the present telephone, of the new one, of the new mailbox."""

    PHONE = "phone"
    NEW_PHONE = "new-phone"
    NEW_EMAIL = "new-email"

    @property
    def pointer(self) -> str:
        """Where its code stands in a body."""
        return {Proof.PHONE: "/code", Proof.NEW_PHONE: "/new_phone_code", Proof.NEW_EMAIL: "/new_email_code"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """One proposal. `profile_version` is the version it was made from; `text` is what is confirmed, byte for byte."""

    id: UUID
    person_id: UUID
    profile_version: int
    created_at: datetime
    expires_at: datetime
    stated: Stated = field(repr=False)
    changes: tuple[FieldChange, ...] = field(repr=False)
    text: str = field(repr=False)
    codes: Mapping[Proof, OneTimeCode] = field(default_factory=dict)
    proved: frozenset[Proof] = frozenset()
    version: int = 0

    @property
    def sha256(self) -> str:
        """The hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def fields(self) -> tuple[str, ...]:
        """Pointers of what changes."""
        return tuple(change.field for change in self.changes)

    @property
    def is_of_contacts_alone(self) -> bool:
        """Whether no registry is concerned."""
        return set(self.fields) <= CONTACTS

    def needed(self, *, is_signed: bool) -> tuple[Proof, ...]:
        """What must be proved: a signature stands in for the present telephone, never for a new address."""
        new = [proof for proof, name in ((Proof.NEW_PHONE, "/phone"), (Proof.NEW_EMAIL, "/email")) if name in self.fields]
        return tuple(new) if is_signed else (Proof.PHONE, *new)

    def check_open(self, at: datetime, profile_version: int) -> None:
        """Raises `ProfileChangeExpired`, `ProfileChangeOutdated`."""
        if at >= self.expires_at:
            raise ProfileChangeExpired("Время на подтверждение истекло. Внесите изменение ещё раз.")
        if self.profile_version != profile_version:
            raise ProfileChangeOutdated("Профиль изменился после того, как вы внесли это изменение. Внесите его ещё раз.")

    def with_code(self, proof: Proof, code: OneTimeCode) -> "ProfileChange":
        """A code is on its way; an earlier one no longer counts."""
        return replace(self, codes={**self.codes, proof: code})

    def tried(self, given: Mapping[Proof, bytes], at: datetime) -> "tuple[ProfileChange, dict[Proof, CodeRefused]]":
        """The change after the codes given (as digests), to be stored in any case, and which were refused. What is proved stays proved."""
        codes, proved, refused = dict(self.codes), set(self.proved), dict[Proof, CodeRefused]()
        for proof, digest in given.items():
            if proof in proved:
                continue
            never_sent = OneTimeCode(digest=b"", issued_at=self.created_at, expires_at=self.created_at, tries_left=0)
            code, refusal = codes.get(proof, never_sent).tried(digest, at)
            if proof in codes:
                codes[proof] = code
            if refusal is None:
                proved.add(proof)
            else:
                refused[proof] = refusal
        return replace(self, codes=codes, proved=frozenset(proved)), refused

    def lacks(self, *, is_signed: bool) -> ProofMissing | None:
        """What is still to be proved, as an error; None when nothing is."""
        missing = [proof for proof in self.needed(is_signed=is_signed) if proof not in self.proved]
        errors = [FieldError(proof.pointer, ProofMissing.code, _WANTED[proof]) for proof in missing]
        return ProofMissing("Введите все коды подтверждения.", errors=errors) if missing else None


_WANTED: Mapping[Proof, str] = {
    Proof.PHONE: "Введите код из SMS, отправленного на ваш нынешний номер.",
    Proof.NEW_PHONE: "Введите код из SMS, отправленного на новый номер.",
    Proof.NEW_EMAIL: "Введите код из письма, отправленного на новый адрес.",
}


def propose(
    change_id: UUID, person_id: UUID, profile_version: int, before: Stated, after: Stated, *, at: datetime, lifetime: timedelta
) -> ProfileChange:
    """A change to be confirmed. Raises `NothingChanged`."""
    changes = differences(before.shown(), after.shown())
    if not changes:
        raise NothingChanged("Изменений нет: профиль уже содержит эти данные.")
    return ProfileChange(
        id=change_id,
        person_id=person_id,
        profile_version=profile_version,
        created_at=at,
        expires_at=at + lifetime,
        stated=after,
        changes=changes,
        text=canonical(
            {
                "purpose": PURPOSE,
                "change_id": str(change_id),
                "person_id": str(person_id),
                "profile_version": profile_version,
                "changes": [{"field": change.field, "old": change.old, "new": change.new} for change in changes],
            }
        ),
    )


def canonical(value: Any) -> str:
    """JSON by RFC 8785 (JCS) for what profiles are made of: text, whole numbers, null, lists, and objects with ASCII names."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def refusal_of(refused: Mapping[Proof, CodeRefused]) -> CodeRefused:
    """All refused codes as one error: the first one's code and words, every pointer."""
    errors = [FieldError(proof.pointer, refusal.code, refusal.detail) for proof, refusal in refused.items()]
    first = next(iter(refused.values()))
    first.errors = tuple(errors)
    return first
