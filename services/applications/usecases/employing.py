"""Employers: they check many certificates at once, and are told of changes where holders agreed."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from chassis.paging import PageRequest
from chassis.transaction import atomic
from contracts.applications import (
    CertificateReinstated,
    CertificateRevoked,
    CertificateSuspended,
    EmployerConsentAsked,
)
from services.applications.domain.certificates import Certificate
from services.applications.domain.certificates.verification import Finding, Way
from services.applications.domain.employers import Employer, Line, RowOutcome, Subscription, SubscriptionState, outcome_of, parsed
from services.applications.domain.errors.certificate import CertificateNotValid
from services.applications.domain.errors.employer import OgrnWrong
from services.applications.domain.identifiers import digits_of, is_ogrn
from services.applications.domain.purposes import purpose_for
from services.applications.gateways import Tokens
from services.applications.repository import VerificationRepository
from services.applications.repository.subscriptions import of_employer, of_holder
from services.applications.repository.verifications import Asked
from services.applications.usecases.base import Room

_PORTION = 50
"""Rows of a table looked up at once."""
_SILENT = frozenset({RowOutcome.NOT_MATCHING, RowOutcome.UNKNOWN, RowOutcome.NUMBER_WRONG})
"""Outcomes that tell the employer nothing of anybody; holders are not told of them either."""

Standing = CertificateRevoked | CertificateSuspended | CertificateReinstated
What = Literal["revoked", "suspended", "reinstated"]
_WHAT: dict[type[Standing], What] = {CertificateRevoked: "revoked", CertificateSuspended: "suspended", CertificateReinstated: "reinstated"}


@dataclass(frozen=True, slots=True)
class WantedEmployer:
    """As an administrator writes it down."""

    name: str
    ogrn: str
    contact_email: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One row with its answer; the certificate is there when the employer may know how it stands."""

    line: Line
    outcome: RowOutcome
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class EmployerLimits:
    """Rows of one table, and how long a refusal is respected."""

    rows: int
    again: timedelta


@dataclass(frozen=True, slots=True)
class Employing(Room):
    """What employers and, about them, administrators and holders do."""

    verifications: VerificationRepository
    tokens: Tokens
    limits: EmployerLimits

    @atomic
    async def add_employer(self, wanted: WantedEmployer, made_by: UUID) -> tuple[Employer, str]:
        """A new employer and its key, which is told now and never again. Raises `OgrnWrong`."""
        if not is_ogrn(wanted.ogrn):
            raise OgrnWrong("ОГРН записан неверно. Проверьте каждую цифру.")
        key, key_hash = self.tokens.make()
        employer = Employer(uuid4(), wanted.name, digits_of(wanted.ogrn), wanted.contact_email, self.now(), made_by)
        async with self.begin() as tx:
            await self.employers.add(tx, employer, key_hash)
        return employer, key

    async def list_employers(self, page: PageRequest) -> tuple[list[Employer], str | None]:
        """One page, the newest first."""
        return await self.employers.list_newest(page)

    async def named(self, employer_ids: Collection[UUID]) -> dict[UUID, Employer]:
        """Employers by their ids."""
        return await self.employers.named(employer_ids)

    async def end_employer(self, employer_id: UUID) -> None:
        """The key opens nothing from now on. Raises `EmployerNotFound`."""
        await self.employers.end(employer_id, self.now())

    async def employer_of(self, key: str) -> Employer:
        """Raises `EmployerKeyRefused`."""
        return await self.employers.get_by_key(self.tokens.hashed(key))

    def read_table(self, content: bytes) -> list[Line]:
        """Every row or none. Raises what `parsed` does."""
        return parsed(content, self.rules_now().purposes.values(), rows_max=self.limits.rows)

    async def check(self, employer: Employer, lines: Sequence[Line], address: str | None) -> AsyncIterator[list[Checked]]:
        """The rows with their answers, a portion at a time. Each that says something is a verification its holder sees."""
        for start in range(0, len(lines), _PORTION):
            portion = lines[start : start + _PORTION]
            known = await self.certificates.by_numbers({line.number for line in portion if line.is_number_right})
            yield [await self._checked(employer, line, known.get(line.number), address) for line in portion]

    async def _checked(self, employer: Employer, line: Line, certificate: Certificate | None, address: str | None) -> Checked:
        now = self.now()
        outcome = outcome_of(line, certificate, now)
        if certificate is None or outcome in _SILENT:
            return Checked(line, outcome, None)
        found = Finding.of_issued(certificate, now).outcome
        await self.verifications.record(
            Asked(certificate.id, Way.EMPLOYER, found, now, address, employer_id=employer.id, purpose=line.purpose)
        )
        return Checked(line, outcome, certificate)

    @atomic
    async def subscribe(self, employer: Employer, number: str, purpose: str) -> Subscription:
        """Ask a holder; once more while it is open changes nothing.

        Raises `PurposeUnknown`, `CertificateNotFound`, `CertificateNotValid`, `AskedTooSoon`.
        """
        code = purpose_for(self.rules_now().purposes, purpose).code
        now = self.now()
        async with self.begin() as tx:
            certificate = await self.certificates.get_issued(number.strip().upper(), tx=tx)
            if certificate.anonymised_at is not None:
                raise CertificateNotValid("Владелец удалил свои данные: спросить его нельзя.")
            read = await self.subscriptions.find_about(employer.id, certificate.id, tx=tx)
            if read is None:
                asked = Subscription(uuid4(), 1, employer.id, certificate.id, certificate.number, certificate.holder_id, code, now)
                await self.subscriptions.add(tx, asked)
            else:
                asked = read.asked_again(code, at=now, pause=self.limits.again, terms=self.terms)
                if asked is read:
                    return read
                await self.subscriptions.save(tx, asked, read=read)
            await tx.publish(
                EmployerConsentAsked(
                    occurred_at=now,
                    version=asked.version,
                    subscription_id=asked.id,
                    holder_id=asked.holder_id,
                    certificate_number=asked.certificate_number,
                    purpose=code,
                )
            )
        return asked

    async def list_subscriptions(
        self, employer: Employer, page: PageRequest
    ) -> tuple[list[tuple[Subscription, Certificate | None]], str | None]:
        """What an employer asked, the newest first, with the certificate where its holder agreed."""
        found, following = await self.subscriptions.list_of(of_employer(employer.id), page)
        agreed = {one.certificate_number for one in found if one.state is SubscriptionState.CONSENTED}
        known = await self.certificates.by_numbers(agreed)
        return [(one, known.get(one.certificate_number) if one.certificate_number in agreed else None) for one in found], following

    async def list_consents(self, holder_id: UUID, page: PageRequest) -> tuple[list[Subscription], dict[UUID, Employer], str | None]:
        """What a holder was asked, the newest first, and by whom."""
        found, following = await self.subscriptions.list_of(of_holder(holder_id), page)
        return found, await self.employers.named({one.employer_id for one in found}), following

    @atomic
    async def consent(self, subscription_id: UUID, holder_id: UUID) -> None:
        """From now on the employer is told. Raises `ConsentNotFound`, `SubscriptionEnded`."""
        async with self.begin() as tx:
            read = await self.subscriptions.get_of_holder(subscription_id, holder_id, tx=tx)
            await self.subscriptions.save(tx, read.consented(at=self.now()), read=read)

    @atomic
    async def withdraw_consent(self, subscription_id: UUID, holder_id: UUID) -> None:
        """A refusal, or the end of a consent: what was told goes at once. Raises `ConsentNotFound`."""
        async with self.begin() as tx:
            read = await self.subscriptions.get_of_holder(subscription_id, holder_id, tx=tx)
            await self.subscriptions.save(tx, read.ended(at=self.now()), read=read)
            await self.employers.forget(tx, read.id)

    async def list_changes(self, employer: Employer, page: PageRequest) -> tuple[list[dict[str, Any]], str | None]:
        """What an employer is told, in order, and the cursor to go on from."""
        return await self.employers.list_changes(employer.id, page)

    @atomic
    async def tell_standing(self, event: Standing) -> None:
        """A registrar changed the standing of a certificate: whoever its holder agreed to is told."""
        subscriptions = await self.subscriptions.list_consented(event.certificate_id)
        async with self.begin(handling=event) as tx:
            for one in subscriptions:
                now = await self.subscriptions.hold(one.id, tx=tx)
                if now is not None and now.state is SubscriptionState.CONSENTED:
                    news = {"what": _WHAT[type(event)], "certificate_number": event.certificate_number, "at": event.occurred_at}
                    await self.employers.tell(tx, one.employer_id, one.id, news)
