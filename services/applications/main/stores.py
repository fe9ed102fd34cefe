"""Where applications keeps things."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

from chassis.app import Chassis
from services.applications.gateways import FileStore
from services.applications.repository import (
    AppealRepository,
    ApplicationRepository,
    CertificateRepository,
    EmployerRepository,
    FactsRepository,
    NoteRepository,
    NumberRepository,
    ShareRepository,
    SubscriptionRepository,
    VerificationRepository,
    WatchRepository,
)
from services.applications.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """Collections and the bucket."""

    appeals: AppealRepository
    applications: ApplicationRepository
    employers: EmployerRepository
    facts: FactsRepository
    certificates: CertificateRepository
    notes: NoteRepository
    numbers: NumberRepository
    shares: ShareRepository
    subscriptions: SubscriptionRepository
    verifications: VerificationRepository
    watch: WatchRepository
    files: FileStore

    def prepare(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What makes collections, indexes and the bucket at start."""
        return [getattr(self, store.name).prepare for store in fields(self)]


def stores_of(chassis: Chassis, settings: Settings) -> Stores:
    """The stores of these settings."""
    applications = ApplicationRepository(chassis.database, chassis.cipher)
    return Stores(
        AppealRepository(chassis.database, chassis.cipher),
        applications,
        EmployerRepository(chassis.database, chassis.cipher, keep=timedelta(days=settings.employer_change_days)),
        FactsRepository(chassis.database, chassis.cipher),
        CertificateRepository(chassis.database, chassis.cipher),
        NoteRepository(chassis.database, chassis.cipher),
        NumberRepository(chassis.database),
        ShareRepository(chassis.database, keep=timedelta(days=settings.share_keep_days)),
        SubscriptionRepository(chassis.database),
        VerificationRepository(chassis.database, key=_asker_key(settings), keep=timedelta(days=settings.verification_days)),
        WatchRepository(chassis.database, applications),
        FileStore(chassis.objects, settings.bucket),
    )


def _asker_key(settings: Settings) -> bytes:
    """Tells askers apart; another one only makes them new askers."""
    return hmac.digest(settings.field_master_key.get_secret_value().encode(), b"askers of verifications", hashlib.sha256)
