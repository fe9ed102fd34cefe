"""A practitioner's own profile: proposing a change, confirming it by code or signature, every version kept."""

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import ProfileChanged
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.changes import (
    NoSuchProfileChange,
    ProfileChange,
    Proof,
    ProofNotNeeded,
    StaleProfile,
    propose,
    refusal_of,
)
from services.identity.domain.codes import OneTimeCode
from services.identity.domain.issue_dates import IssueRules
from services.identity.domain.people import Person, Status
from services.identity.domain.signatures import SignatureRefused, Signer, signature_of
from services.identity.domain.versions import CertificateMark, Method, ProfileVersion, first_version
from services.identity.gateways.registries import asked_of, concerned
from services.identity.gateways.signatures import Signatures
from services.identity.repository.people import PersonRepository, already_registered
from services.identity.repository.profiles import ProfileChangeRepository, ProfileVersionRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.registration import contacts_of
from services.identity.usecases.sent_codes import SentCodes
from services.identity.usecases.verdicts import Verdicts, request


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """Limits and terms of changes."""

    issue: IssueRules
    lifetime: timedelta
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class SentProof:
    """A code on its way, and what it will prove."""

    proof: Proof
    resend_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Seal:
    """A signature that was verified."""

    signer: Signer
    signature: bytes


@dataclass(frozen=True, slots=True)
class ProfileUseCases:
    """From a stated profile to its next version."""

    begin: Begin
    people: PersonRepository
    changes: ProfileChangeRepository
    versions: ProfileVersionRepository
    codes: Codes
    sent_codes: SentCodes
    signatures: Signatures
    verdicts: Verdicts
    access: AccessUseCases
    rules: ProfileRules
    now: Callable[[], datetime]

    def today(self) -> date:
        """The day it is for people."""
        return self.now().astimezone(self.rules.zone).date()

    @atomic
    async def get(self, person_id: UUID) -> Person:
        """Somebody's own account. Raises `NoSuchPerson`."""
        async with self.begin() as tx:
            return await self.people.get(tx, person_id)

    @atomic
    async def propose(self, person_id: UUID, patch: Mapping[str, Any], *, seen_version: int) -> ProfileChange:
        """A change to be confirmed; replaces an earlier one. `seen_version` is the account's version the patch was made from.

        Raises `StaleProfile`, `InvalidFields` with everything wrong at once, `NothingChanged`.
        """
        async with self.begin() as tx:
            person = await self.people.get(tx, person_id)
            if person.version != seen_version:
                raise StaleProfile("Профиль изменился с тех пор, как вы его открыли. Откройте его ещё раз.")
            after = person.stated.patched(patch, rules=self.rules.issue, today=self.today())
            change = propose(uuid4(), person_id, person.profile_version, person.stated, after, at=self.now(), lifetime=self.rules.lifetime)
            return await self.changes.put(tx, change)

    @atomic
    async def change(self, person_id: UUID, change_id: UUID) -> ProfileChange:
        """The open change. Raises `NoSuchProfileChange`, `ProfileChangeExpired`, `ProfileChangeOutdated`."""
        async with self.begin(is_last=False) as tx:
            return (await self._open(tx, person_id, change_id))[1]

    @atomic
    async def send_codes(self, person_id: UUID, change_id: UUID, wanted: Collection[Proof]) -> list[SentProof]:
        """Codes on their way; nothing wanted means all that are still needed. One that has only just been sent stays valid.

        Raises what `change` raises, `ProofNotNeeded`, `TooManyCodes`.
        """
        async with self.begin() as tx:
            person, change = await self._open(tx, person_id, change_id)
            needed = [proof for proof in change.needed(is_signed=False) if proof not in change.proved]
            if not set(wanted) <= set(needed):
                raise ProofNotNeeded("Для этого изменения такой код не нужен или уже принят.")
            for proof in [proof for proof in needed if not wanted or proof in wanted]:
                change = change.with_code(proof, await self._sent(tx, person, change, proof))
            await self.changes.save(tx, change)
        sent = {proof: change.codes[proof] for proof in needed if proof in change.codes and (not wanted or proof in wanted)}
        resend_after = self.codes.policy.resend_after
        return [SentProof(proof, code.issued_at + resend_after, code.expires_at) for proof, code in sent.items()]

    async def _sent(self, tx: Transaction, person: Person, change: ProfileChange, proof: Proof) -> OneTimeCode:
        code = change.codes.get(proof)
        if code is not None and code.is_fresh(self.now(), self.codes.policy):
            return code
        if proof is Proof.NEW_EMAIL:
            return await self.codes.issue(tx, person.id, channel="email", address=change.stated.email, purpose="profile-change")
        phone = person.phone if proof is Proof.PHONE else change.stated.phone
        return await self.codes.issue(tx, person.id, channel="sms", address=phone, purpose="profile-change")

    async def confirm(self, person_id: UUID, change_id: UUID, given: Mapping[Proof, str], origin: Origin) -> Person:
        """The account with its next profile version, confirmed by codes.

        Raises what `change` raises, `WrongCode`, `CodeExpired`, `CodeExhausted`, `ProofMissing`, `AlreadyRegistered`.
        """
        return await self._confirm(person_id, change_id, given, origin, None)

    async def sign(self, person_id: UUID, change_id: UUID, signature: str, given: Mapping[Proof, str], origin: Origin) -> Person:
        """The same, confirmed by a detached CMS signature (base64 of DER) over the change's text; new addresses still need their codes.

        Raises what `confirm` and `Signatures.verify` raise, `ForeignSigner`, `SignerUnnamed`.
        """
        person, change = await self._pending(person_id, change_id)
        stated = person.stated.numbers
        try:
            content = signature_of(signature)
            signer = await self.signatures.verify(content, change.text.encode(), self.now())
            signer.check_is(stated.snils, stated.inn)
        except SignatureRefused:
            await self._note_refusal(person_id, origin)
            raise
        return await self._confirm(person_id, change_id, given, origin, _Seal(signer, content))

    @atomic
    async def _pending(self, person_id: UUID, change_id: UUID) -> tuple[Person, ProfileChange]:
        async with self.begin(is_last=False) as tx:
            return await self._open(tx, person_id, change_id)

    @atomic
    async def _note_refusal(self, person_id: UUID, origin: Origin) -> None:
        async with self.begin(is_last=False) as tx:
            await self._note(tx, Action.PROFILE_CHANGE_REFUSED, person_id, origin)

    async def _open(self, tx: Transaction, person_id: UUID, change_id: UUID) -> tuple[Person, ProfileChange]:
        change = await self.changes.get(tx, person_id)
        if change is None or change.id != change_id:
            raise NoSuchProfileChange
        person = await self.people.get(tx, person_id)
        change.check_open(self.now(), person.profile_version)
        return person, change

    @atomic
    async def _confirm(self, person_id: UUID, change_id: UUID, given: Mapping[Proof, str], origin: Origin, seal: _Seal | None) -> Person:
        at = self.now()
        async with self.begin() as tx:
            person, change = await self._open(tx, person_id, change_id)
            digests = {proof: self.codes.digest("profile-change", person_id, text) for proof, text in given.items()}
            change, refused = change.tried(digests, at)
            error = refusal_of(refused) if refused else change.lacks(is_signed=seal is not None)
            if error is None:
                return await self._apply(tx, person, change, seal, origin)
            await self.changes.save(tx, change)
            if refused:
                await self._note(tx, Action.PROFILE_CHANGE_REFUSED, person_id, origin)
        raise error

    async def _apply(self, tx: Transaction, person: Person, change: ProfileChange, seal: _Seal | None, origin: Origin) -> Person:
        at, before = self.now(), person
        await self._check_unique(tx, change)
        after = before.restated(change.stated)
        if not change.is_of_contacts_alone and before.verification is not None:
            reopened = before.verification.reopened(
                asked_of(after),
                concerned(before, after),
                at=at,
                give_up_at=at + self.verdicts.rules.limit,
                profile_version=after.profile_version,
            )
            after = after.verifying(reopened)
        after = await self.people.save(tx, after)
        await self.changes.remove(tx, before.id)
        await self._void_codes(tx, before, after)
        await self._keep_version(tx, before, after, change, seal)
        await self._tell(tx, before, after, change, is_signed=seal is not None)
        await self._note(tx, Action.PROFILE_CHANGED, before.id, origin, record=f"profile-version:{after.profile_version}")
        return after

    async def _void_codes(self, tx: Transaction, before: Person, after: Person) -> None:
        """What went to an address that is no longer the person's proves nothing any more."""
        if before.phone != after.phone:
            await self.sent_codes.void_sms(tx, before.id)
        if before.email != after.email:
            await self.sent_codes.void_email(tx, before.id)

    async def _check_unique(self, tx: Transaction, change: ProfileChange) -> None:
        stated = change.stated
        unique = {"phone": stated.phone, "email": stated.email, "snils": stated.numbers.snils, "inn": stated.numbers.inn}
        for name, value in unique.items():
            if f"/{name}" in change.fields and value is not None and await self.people.is_taken(tx, name, value):
                raise already_registered(name)

    async def _keep_version(self, tx: Transaction, before: Person, after: Person, change: ProfileChange, seal: _Seal | None) -> None:
        if await self.versions.find(tx, before.id, before.profile_version) is None:
            await self.versions.add(tx, first_version(before.id, before.stated, before.created_at, number=before.profile_version))
        mark = None
        if seal is not None:
            mark = CertificateMark(seal.signer.serial, seal.signer.certificate_sha256, seal.signer.issuer_sha256)
        await self.versions.add(
            tx,
            ProfileVersion(
                person_id=before.id,
                number=after.profile_version,
                made_at=self.now(),
                made_by=before.id,
                method=Method.SMS if seal is None else Method.SIGNATURE,
                fields=change.fields,
                certificate=mark,
                stated=change.stated,
                text=change.text,
                signature=None if seal is None else base64.b64encode(seal.signature).decode(),
            ),
        )

    async def _tell(self, tx: Transaction, before: Person, after: Person, change: ProfileChange, *, is_signed: bool) -> None:
        at, is_compared = self.now(), not change.is_of_contacts_alone
        is_to_be_verified = is_compared and after.status is Status.AWAITING_VERIFICATION
        await tx.publish(
            ProfileChanged(
                occurred_at=at,
                version=after.version,
                practitioner_id=after.id,
                profile_version=after.profile_version,
                fields=change.fields,
                confirmed_by=str(Method.SIGNATURE if is_signed else Method.SMS),
                is_to_be_verified=is_to_be_verified,
            )
        )
        if (before.phone, before.email, before.salutation) != (after.phone, after.email, after.salutation):
            await tx.publish(contacts_of(after, at))
        if is_to_be_verified and after.verification is not None:
            await self.verdicts.forget_terms(tx, after.id)
            await tx.publish(request(after.id, after.verification, at))
        elif is_compared:
            await self.verdicts.follow(tx, after, at)

    async def _note(self, tx: Transaction, action: Action, person_id: UUID, origin: Origin, *, record: str | None = None) -> None:
        await self.access.note(
            tx,
            action,
            person_id,
            actor_id=person_id,
            actor_role=Role.PRACTITIONER,
            origin=origin,
            record=record,
            outcome="refused" if action is Action.PROFILE_CHANGE_REFUSED else "allowed",
        )

    @atomic
    async def version_page(self, person_id: UUID, *, limit: int, before: int | None) -> list[ProfileVersion]:
        """The versions of one's own profile, the newest first."""
        async with self.begin() as tx:
            return await self.versions.page(tx, person_id, limit=limit, before=before)

    @atomic
    async def version(self, person_id: UUID, number: int) -> ProfileVersion:
        """One version of one's own profile. Raises `NoSuchProfileVersion`."""
        async with self.begin() as tx:
            return await self.versions.get(tx, person_id, number)
