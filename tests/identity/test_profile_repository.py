"""One behaviour for the stores of profiles over time and their twins."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from chassis.testing import FakeBegin
from services.identity.domain.changes import ProfileChange, Proof, propose
from services.identity.domain.versions import CertificateMark, Finding, Method, NoSuchProfileVersion, Outcome, Result, first_version
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.profiles import ProfileChangeRepository, ProfileVersionRepository
from tests.identity.profile_fakes import FakeProfileChanges, FakeProfileVersions
from tests.identity.samples import CODE, NOW, a_practitioner
from tests.identity.test_fields import RULES
from tests.support import Component
from tests.support.work import Work


@dataclass
class Stores:
    """Both repositories, and the way to use them."""

    do: Work
    changes: ProfileChangeRepository
    versions: ProfileVersionRepository


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(Work(FakeBegin()), FakeProfileChanges(), FakeProfileVersions())
    identity: Component = request.getfixturevalue("identity")
    chassis = identity.app.state.chassis
    database, cipher = chassis.database, chassis.cipher
    return Stores(Work(chassis.begin), ProfileChangeRepository(database, cipher), ProfileVersionRepository(database, cipher))


def a_change(person_id: UUID | None = None) -> ProfileChange:
    before = a_practitioner().stated
    after = before.patched({"patronymic": None, "inn": None, "practice": {"employments": []}}, rules=RULES, today=NOW.date())
    return propose(uuid4(), person_id or uuid4(), 1, before, after, at=NOW, lifetime=timedelta(minutes=30))


async def test_a_change_comes_back_as_it_was_and_a_second_one_replaces_it(stores: Stores) -> None:
    first = await stores.do(lambda tx: stores.changes.put(tx, a_change()))
    assert await stores.do(lambda tx: stores.changes.get(tx, first.person_id)) == first
    proved = replace(first.with_code(Proof.PHONE, CODE), proved=frozenset({Proof.NEW_EMAIL}))
    saved = await stores.do(lambda tx: stores.changes.save(tx, proved))
    assert await stores.do(lambda tx: stores.changes.get(tx, first.person_id)) == saved
    second = await stores.do(lambda tx: stores.changes.put(tx, a_change(first.person_id)))
    assert await stores.do(lambda tx: stores.changes.get(tx, first.person_id)) == second
    for stale in (saved, first):
        with pytest.raises(StaleRecord):
            await stores.do(partial(stores.changes.save, change=stale))
    await stores.do(lambda tx: stores.changes.remove(tx, first.person_id))
    assert await stores.do(lambda tx: stores.changes.get(tx, first.person_id)) is None


async def test_versions_come_back_as_they_were_each_number_once_the_newest_first(stores: Stores) -> None:
    person_id = uuid4()
    versions = [first_version(person_id, a_practitioner().stated, NOW, number=number) for number in (1, 2, 3)]
    versions[1] = replace(
        versions[1],
        method=Method.SIGNATURE,
        fields=("/surname",),
        certificate=CertificateMark("1f", "a" * 64, "b" * 64),
        text="{}",
        signature="MII=",
    )
    for version in versions:
        await stores.do(partial(stores.versions.add, version=version))
    with pytest.raises(StaleRecord):
        await stores.do(lambda tx: stores.versions.add(tx, versions[0]))
    finding = Finding("inn", "inn", "does-not-match")
    judged = versions[1].judged(Outcome(at=NOW, result=Result.REFUSED, findings=(finding,), decided_by=uuid4(), reason="письмо"))
    await stores.do(lambda tx: stores.versions.save(tx, judged))
    assert await stores.do(lambda tx: stores.versions.get(tx, person_id, 2)) == judged
    assert await stores.do(lambda tx: stores.versions.page(tx, person_id, limit=2, before=None)) == [versions[2], judged]
    assert await stores.do(lambda tx: stores.versions.page(tx, person_id, limit=2, before=2)) == [versions[0]]
    assert await stores.do(lambda tx: stores.versions.find(tx, person_id, 4)) is None
    with pytest.raises(NoSuchProfileVersion):
        await stores.do(lambda tx: stores.versions.get(tx, uuid4(), 1))
