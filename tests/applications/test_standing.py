"""What may become of a certificate, and what is said of it at a moment."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.applications.domain.application import CertificateReference, StoredFile
from services.applications.domain.certificates import Certificate, StandingChange, Status
from services.applications.domain.errors.certificate import IllegalStanding
from services.applications.domain.grounds import Change
from services.applications.domain.rules import Kind
from tests.applications import people

DAY = timedelta(days=1)
LEGAL = {
    (): {Change.SUSPENDED, Change.REVOKED},
    (Change.SUSPENDED,): {Change.REINSTATED, Change.REVOKED},
    (Change.SUSPENDED, Change.REINSTATED): {Change.SUSPENDED, Change.REVOKED},
    (Change.REVOKED,): set(),
    (Change.SUSPENDED, Change.REVOKED): set(),
}


def certificate(*changes: Change) -> Certificate:
    """Issued, then changed once a day."""
    made = Certificate(
        id=uuid4(),
        version=1,
        number="MC-2026-00000001-2",
        application_id=uuid4(),
        application_number="MK-2026-00000001-2",
        holder_id=uuid4(),
        holder_name="Вымышленникова Алёна Тестовна",
        holder_short_name="Вымышленникова А. Т.",
        kind=Kind.PRIMARY,
        specialty_code=people.CARDIOLOGY,
        issued_at=people.NOW,
        valid_until=people.NOW + 365 * DAY,
    ).issued(StoredFile("certificates/a.pdf", "0" * 64, 1))
    for day, kind in enumerate(changes, start=1):
        made = made.changed(change(kind, day))
    return made


def change(kind: Change, day: int) -> StandingChange:
    return StandingChange(kind, people.NOW + day * DAY, uuid4(), "issued-in-error", "Слова регистратора")


@pytest.mark.parametrize("before", LEGAL)
@pytest.mark.parametrize("wanted", Change)
def test_every_change_of_standing_is_made_or_refused(before: tuple[Change, ...], wanted: Change) -> None:
    known = certificate(*before)
    if wanted in LEGAL[before]:
        changed = known.changed(change(wanted, 9))
        assert (changed.version, changed.standing_changes[-1].kind) == (known.version + 1, wanted)
    else:
        with pytest.raises(IllegalStanding, match=r"\w"):
            known.changed(change(wanted, 9))


def test_what_is_over_is_not_suspended_and_may_still_be_revoked() -> None:
    over = certificate()
    assert over.changed(change(Change.SUSPENDED, 365)).status_at(people.NOW + 365 * DAY) is Status.SUSPENDED
    with pytest.raises(IllegalStanding, match="истёк"):
        over.changed(change(Change.SUSPENDED, 366))
    assert over.changed(change(Change.REVOKED, 366)).status_at(people.NOW + 366 * DAY) is Status.REVOKED


@pytest.mark.parametrize(
    ("changes", "day", "status"),
    [
        ((), -1, Status.NOT_YET),
        ((), 0, Status.VALID),
        ((), 365, Status.VALID),
        ((), 366, Status.EXPIRED),
        ((Change.SUSPENDED,), 0, Status.VALID),
        ((Change.SUSPENDED,), 1, Status.SUSPENDED),
        ((Change.SUSPENDED,), 366, Status.EXPIRED),
        ((Change.SUSPENDED, Change.REINSTATED), 1, Status.SUSPENDED),
        ((Change.SUSPENDED, Change.REINSTATED), 2, Status.VALID),
        ((Change.REVOKED,), 0, Status.VALID),
        ((Change.REVOKED,), 1, Status.REVOKED),
        ((Change.REVOKED,), 366, Status.REVOKED),
    ],
)
def test_the_status_is_that_of_the_moment_asked_about(changes: tuple[Change, ...], day: int, status: Status) -> None:
    assert certificate(*changes).status_at(people.NOW + day * DAY) is status


def test_erasure_leaves_the_standing_without_anybodys_words() -> None:
    bare = certificate(Change.SUSPENDED).anonymised(at=people.NOW)
    assert (bare.holder_name, bare.file, bare.standing_changes[0].comment) == ("", None, "")
    assert bare.status_at(people.NOW + 2 * DAY) is Status.SUSPENDED


def test_a_past_day_shows_the_standing_of_that_day() -> None:
    held = CertificateReference(uuid4(), "MC-2026-00000001-2", people.NOW, people.NOW + 365 * DAY)
    held = held.marked(Change.SUSPENDED, people.NOW + DAY).marked(Change.REINSTATED, people.NOW + 2 * DAY)
    held = held.marked(Change.REVOKED, people.NOW + 3 * DAY)
    faults = [held.stood_at(people.NOW + day * DAY).fault for day in range(5)]
    assert [fault and fault.kind for fault in faults] == [None, Change.SUSPENDED, None, Change.REVOKED, Change.REVOKED]
