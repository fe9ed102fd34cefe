"""Where applications keeps things."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chassis.app import Chassis
from services.applications.gateways import FileStore
from services.applications.repository import (
    ApplicationRepository,
    CertificateRepository,
    FactsRepository,
    NoteRepository,
    NumberRepository,
    WatchRepository,
)
from services.applications.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """Collections and the bucket."""

    applications: ApplicationRepository
    facts: FactsRepository
    certificates: CertificateRepository
    notes: NoteRepository
    numbers: NumberRepository
    watch: WatchRepository
    files: FileStore

    def prepare(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What makes collections, indexes and the bucket at start."""
        stores = (self.applications, self.facts, self.certificates, self.notes, self.numbers, self.watch, self.files)
        return [store.prepare for store in stores]


def stores_of(chassis: Chassis, settings: Settings) -> Stores:
    """The stores of these settings."""
    applications = ApplicationRepository(chassis.database, chassis.cipher)
    return Stores(
        applications,
        FactsRepository(chassis.database, chassis.cipher),
        CertificateRepository(chassis.database, chassis.cipher),
        NoteRepository(chassis.database, chassis.cipher),
        NumberRepository(chassis.database),
        WatchRepository(chassis.database, applications),
        FileStore(chassis.objects, settings.bucket),
    )
