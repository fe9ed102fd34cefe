"""The certificate an approval ends in."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.applications.domain.application import StoredFile
from services.applications.domain.certificates.standing import StandingChange, Status, last_change, next_change
from services.applications.domain.errors.certificate import IllegalStanding
from services.applications.domain.grounds import Change
from services.applications.domain.rules import Kind


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate; `file` is None until the PDF is stored. Who verifies sees surname and initials only.

    After its holder was erased it has neither names nor file, and still says whether it holds.
    """

    id: UUID
    version: int
    number: str
    application_id: UUID
    application_number: str
    holder_id: UUID
    holder_name: str
    holder_short_name: str
    kind: Kind
    specialty_code: str
    issued_at: datetime
    valid_until: datetime
    file: StoredFile | None = None
    anonymised_at: datetime | None = None
    standing_changes: tuple[StandingChange, ...] = ()
    list_id: str | None = None
    """The published status list that has its bit; None until it has one."""
    list_index: int | None = None

    @property
    def is_issued(self) -> bool:
        """Whether anybody may verify it."""
        return self.file is not None or self.anonymised_at is not None

    def issued(self, file: StoredFile) -> "Certificate":
        """With its PDF: from now on it can be verified."""
        return replace(self, version=self.version + 1, file=file)

    def listed(self, list_id: str, list_index: int) -> "Certificate":
        """With its place in a published status list."""
        return replace(self, version=self.version + 1, list_id=list_id, list_index=list_index)

    def anonymised(self, *, at: datetime) -> "Certificate":
        """Number, kind, specialty, validity and standing."""
        bare = tuple(replace(change, comment="") for change in self.standing_changes)
        return replace(
            self, version=self.version + 1, holder_name="", holder_short_name="", file=None, anonymised_at=at, standing_changes=bare
        )

    def changed(self, change: StandingChange) -> "Certificate":
        """Suspended, reinstated or revoked. What is over may still be revoked: it was never good. Raises `IllegalStanding`."""
        if change.kind is Change.SUSPENDED and change.at > self.valid_until:
            raise IllegalStanding("Срок действия сертификата истёк: приостанавливать нечего. Такой сертификат можно только аннулировать.")
        return replace(self, version=self.version + 1, standing_changes=next_change(self.standing_changes, change))

    def status_at(self, moment: datetime) -> Status:
        """What is said of it at a moment. A revocation outlasts the term; a suspension ends with it."""
        last = last_change(self.standing_changes, at=moment)
        if last is Change.REVOKED:
            return Status.REVOKED
        if moment < self.issued_at:
            return Status.NOT_YET
        if moment > self.valid_until:
            return Status.EXPIRED
        return Status.SUSPENDED if last is Change.SUSPENDED else Status.VALID


def full_name(surname: str, given_name: str, patronymic: str) -> str:
    """The name as documents print it."""
    return " ".join(part for part in (surname, given_name, patronymic) if part)


def short_name(surname: str, given_name: str, patronymic: str) -> str:
    """Surname and initials."""
    initials = [f"{part[0]}." for part in (given_name, patronymic) if part]
    return " ".join(part for part in (surname, " ".join(initials)) if part)
