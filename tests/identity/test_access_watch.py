"""Alerts from the access log: each is raised when the pattern is there, once, and nobody's rows count for somebody else."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.access_watch import device_family
from services.identity.usecases.access import Origin
from tests.identity.chain_desk import Desk

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LATER_FIREFOX = FIREFOX.replace("140", "141")
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1"


async def told(desk: Desk, event_type: str = "identity.security-alert-raised.v1") -> list[dict[str, Any]]:
    await desk.seal()
    return [json.loads(row["body"]) for row in await desk.database["outbox"].find({"type": event_type}).sort("created_ms").to_list()]


async def refuse(desk: Desk, person_id: UUID, times: int = 1) -> None:
    for _ in range(times):
        await desk.note(action=Action.SIGN_IN_REFUSED, subject_id=person_id, actor_id=None, outcome="refused")
        desk.clock.move(timedelta(seconds=1))


async def sign_in(desk: Desk, person_id: UUID, device: str | None) -> None:
    desk.clock.move(timedelta(minutes=1))
    await desk.note(action=Action.SIGNED_IN, subject_id=person_id, actor_id=person_id, origin=Origin("10.1.2.3", device))


async def read(desk: Desk, reader_id: UUID, *subjects: UUID) -> None:
    for subject_id in subjects:
        await desk.note(subject_id=subject_id, actor_id=reader_id, actor_role=Role.REVIEWER)


async def test_many_refusals_are_told_once_per_window(desk: Desk) -> None:
    person_id, other_id = uuid4(), uuid4()
    await refuse(desk, person_id, 2)
    await refuse(desk, other_id, 2)
    assert await told(desk) == []
    await refuse(desk, person_id, 5)
    assert [(alert["person_id"], alert["kind"]) for alert in await told(desk)] == [(str(person_id), "many-refusals")]
    desk.clock.move(timedelta(hours=1))
    await refuse(desk, person_id, 2)
    assert len(await told(desk)) == 1, "what is long ago does not count"
    await refuse(desk, person_id, 1)
    assert len(await told(desk)) == 2


async def test_a_device_never_used_before_is_told_and_the_very_first_one_is_not(desk: Desk) -> None:
    person_id = uuid4()
    for device in (FIREFOX, FIREFOX, LATER_FIREFOX):
        await sign_in(desk, person_id, device)
    assert await told(desk) == []
    await sign_in(desk, person_id, SAFARI)
    assert [(alert["person_id"], alert["kind"]) for alert in await told(desk)] == [(str(person_id), "new-device")]
    for known in (SAFARI, FIREFOX):
        await sign_in(desk, person_id, known)
    for _ in range(2):
        await sign_in(desk, person_id, None)
    assert len(await told(desk)) == 2, "a client that says nothing is a device like any other"
    desk.clock.move(timedelta(days=31))
    await sign_in(desk, person_id, FIREFOX)
    assert len(await told(desk)) == 3, "a device is forgotten after a while, and that there was one is not"
    await sign_in(desk, uuid4(), SAFARI)
    assert len(await told(desk)) == 3


async def test_reading_many_peoples_records_is_told_once_per_window(desk: Desk) -> None:
    reader_id, people = uuid4(), [uuid4() for _ in range(6)]
    await read(desk, reader_id, *people[:3], *people[:3])
    await read(desk, uuid4(), *people[:3])
    assert await told(desk, "identity.bulk-reading-detected.v1") == []
    await read(desk, reader_id, *people[3:])
    [alert] = await told(desk, "identity.bulk-reading-detected.v1")
    said = {name: alert[name] for name in ("reader_id", "reader_role", "people", "window_seconds")}
    assert said == {"reader_id": str(reader_id), "reader_role": "reviewer", "people": 4, "window_seconds": 3600}
    desk.clock.move(timedelta(hours=2))
    await read(desk, reader_id, *people[:4])
    assert len(await told(desk, "identity.bulk-reading-detected.v1")) == 2


async def test_what_is_remembered_names_no_device(desk: Desk) -> None:
    await sign_in(desk, uuid4(), FIREFOX)
    await desk.seal()
    [kept] = await desk.database["access_watch"].find({}).to_list()
    assert "Firefox" not in str(kept)
    assert (await desk.database["access_watch"].index_information())["kept"]["expireAfterSeconds"] > 0


def test_an_update_of_a_browser_makes_no_new_device() -> None:
    assert device_family(FIREFOX) == device_family(LATER_FIREFOX)
    assert device_family(FIREFOX) != device_family(SAFARI)
    assert device_family(None) == ""
