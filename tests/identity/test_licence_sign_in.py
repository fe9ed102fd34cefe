"""Whether somebody signs in by the number of a licence that another account states too."""

from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest

from chassis.testing import FakeBegin
from contracts.identity import ProfileRefused, ProfileVerified
from contracts.roles import Role
from services.identity.domain.people import LicenceSignIn, Person, Status
from services.identity.gateways.hashing import Secrets
from services.identity.repository.throttles import FailureRepository
from services.identity.usecases.access import AccessUseCases
from services.identity.usecases.people import PeopleUseCases
from tests.identity import people
from tests.identity.fakes import FakePeople
from tests.identity.registries import FakeRegistries
from tests.identity.samples import NOW, a_practitioner
from tests.identity.walk import Walk
from tests.support import Component, Signer


def with_licence(status: Status, series: str = "ЛО-77") -> Person:
    person = a_practitioner(status=status)
    if person.profile is None:
        raise AssertionError
    return replace(person, profile=replace(person.profile, licence=replace(person.profile.licence, series=series, number="00012345")))


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        (Status.VERIFIED, [], LicenceSignIn.WORKS),
        (Status.VERIFIED, [(Status.AWAITING_VERIFICATION, "ЛО-77"), (Status.REFUSED, "ЛО-77")], LicenceSignIn.WORKS),
        (Status.VERIFIED, [(Status.VERIFIED, "ЛО-77")], LicenceSignIn.SHARED),
        (Status.VERIFIED, [(Status.VERIFIED, "ЛО-50")], LicenceSignIn.WITH_SERIES),
        (Status.AWAITING_VERIFICATION, [], LicenceSignIn.UNCONFIRMED),
        (Status.AWAITING_VERIFICATION, [(Status.VERIFIED, "ЛО-77")], LicenceSignIn.UNCONFIRMED),
        (Status.REFUSED, [(Status.REFUSED, "ЛО-77")], LicenceSignIn.UNCONFIRMED),
    ],
)
async def test_only_who_the_registry_confirmed_a_licence_for_learns_that_it_is_shared(
    own: Status, others: list[tuple[Status, str]], expected: LicenceSignIn
) -> None:
    found, person = FakePeople(), with_licence(own)
    found.rows = {one.id: one for one in (person, *(with_licence(status, series) for status, series in others))}
    unused = cast("FailureRepository", None), cast("AccessUseCases", None)
    usecases = PeopleUseCases(FakeBegin(), found, *unused, Secrets("p" * 32), lambda: NOW)
    assert await usecases.licence_sign_in(person) is expected


async def test_who_states_no_licence_is_told_nothing_of_it() -> None:
    unused = cast("FailureRepository", None), cast("AccessUseCases", None)
    usecases = PeopleUseCases(FakeBegin(), FakePeople(), *unused, Secrets("p" * 32), lambda: NOW)
    assert await usecases.licence_sign_in(replace(a_practitioner(), profile=None)) is None


async def test_a_licence_of_two_signs_in_the_verified_one_or_nobody_and_the_profile_says_so(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    identity.clock.reset()
    registries.answers.clear()
    first = Walk(identity)
    second = Walk(identity, profile=people.profile(licence=first.profile["licence"] | {"holder": "organisation"}))

    async def said(person_id: UUID) -> tuple[str, bool]:
        shown = (await identity.client.get("/profile", headers=signer.headers(person_id, Role.PRACTITIONER))).json()["licence_sign_in"]
        return shown["state"], shown["advice"] is None

    async def whose() -> UUID | None:
        started = await first.start_sign_in(first.licence_number)
        row = await identity.database["sign_ins"].find_one({"_id": UUID(started["sign_in_id"])})
        assert row is not None
        return cast("UUID | None", row["person_id"])

    owner = await first.register()
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == owner)
    registries.answers["licences"] = {"outcome": "mismatch", "fields": [{"field": "licence.number", "code": "does-not-match"}]}
    liar = await Walk(identity, profile=people.profile(licence=first.profile["licence"])).register()
    await identity.tap.next(ProfileRefused, where=lambda event: event.practitioner_id == liar)
    registries.answers.clear()
    assert (await said(owner), await said(liar)) == (("works", True), ("unconfirmed", False))
    assert await whose() == owner

    colleague = await second.register()
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == colleague)
    assert (await said(owner), await said(colleague)) == (("shared", False), ("shared", False))
    assert await whose() is None
    assert (await second.sign_in(second.email))["access_token"], "other identifiers work as ever"
