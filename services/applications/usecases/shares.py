"""Links by which holders show a certificate."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from chassis.paging import PageRequest
from chassis.transaction import atomic
from services.applications.domain.certificates import Certificate
from services.applications.domain.certificates.verification import Finding, Way
from services.applications.domain.errors.sharing import ShareNotFound, ShareTooLong, TooManyShares
from services.applications.domain.shares import Share, Shows
from services.applications.gateways import Tokens
from services.applications.repository import VerificationRepository
from services.applications.repository.verifications import Asked
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class WantedShare:
    """A link as its holder wants it."""

    days: int
    views_max: int
    shows: Shows


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """How long, how often and how many."""

    days: int
    views: int
    open: int


@dataclass(frozen=True, slots=True)
class Shares(Room):
    """Made, listed and taken back by the holder; looked at by whoever was given the token."""

    verifications: VerificationRepository
    tokens: Tokens
    limits: ShareLimits
    page_url: str
    """Where people look at what was shared."""

    @atomic
    async def share(self, number: str, holder_id: UUID, wanted: WantedShare) -> tuple[Share, str]:
        """A new link and its token, which is told now and never again. Raises `CertificateNotFound`, `ShareTooLong`, `TooManyShares`."""
        now, limits = self.now(), self.limits
        if wanted.days > limits.days or wanted.views_max > limits.views:
            raise ShareTooLong(f"Ссылка действует не дольше {limits.days} дней и не больше {limits.views} просмотров.")
        async with self.begin() as tx:
            certificate = await self.certificates.get_own(number.strip().upper(), holder_id, tx=tx)
            await self.certificates.hold(tx, certificate.id)
            if await self.shares.count_open(tx, certificate.id, now) >= limits.open:
                raise TooManyShares(f"Действующих ссылок уже {limits.open}. Отзовите одну из них.")
            token, token_hash = self.tokens.make()
            made = Share(uuid4(), certificate.id, holder_id, wanted.shows, now, now + timedelta(days=wanted.days), wanted.views_max)
            await self.shares.add(tx, made, token_hash)
        return made, token

    async def list_shares(self, number: str, holder_id: UUID, page: PageRequest) -> tuple[list[Share], str | None]:
        """One page of one's own links, the newest first. Raises `CertificateNotFound`."""
        certificate = await self.certificates.get_own(number.strip().upper(), holder_id)
        return await self.shares.list_of(certificate.id, page)

    async def revoke_share(self, number: str, share_id: UUID, holder_id: UUID) -> None:
        """Take a link back. Raises `CertificateNotFound`, `ShareNotFound`."""
        certificate = await self.certificates.get_own(number.strip().upper(), holder_id)
        await self.shares.revoke(share_id, certificate.id, self.now())

    async def view_share(self, token: str, address: str | None) -> tuple[Share, Certificate]:
        """What a link shows; it counts, and its holder sees it. Raises `ShareNotFound`."""
        now = self.now()
        share = await self.shares.view(self.tokens.hashed(token), now)
        certificate = await self.certificates.find(share.certificate_id)
        if certificate is None or certificate.anonymised_at is not None:
            raise ShareNotFound("Ссылка не действует. Попросите у владельца новую.")
        outcome = Finding.of_issued(certificate, now).outcome
        await self.verifications.record(Asked(certificate.id, Way.SHARE, outcome, now, address))
        return share, certificate
