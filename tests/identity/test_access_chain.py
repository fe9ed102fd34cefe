"""The chain of the access log on the real store: whatever is done to it is found and located; nothing is sealed twice or lost."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bson import Binary

from chassis.transaction import Transaction
from services.identity.domain.access_log import Filters
from services.identity.domain.access_proof import Break, BreakKind, Thing, Witness
from tests.identity.chain_desk import Desk, Kept, running_desk
from tests.identity.samples import NOW
from tests.support import Infra

DAYS = [NOW.date() + timedelta(days=day) for day in range(3)]
Found = AbstractSet[tuple[str, str, date | None, int | None, int | None]]
Tamper = Callable[[Desk], Awaitable[None]]


@pytest.fixture(scope="module")
async def filled(infra: Infra, chain_env: dict[str, str]) -> AsyncIterator[tuple[Desk, Kept]]:
    """Three days: blocks 1 (rows 1-4), 2 (5-8), 3 (9, 10); 4 (11-14), 5 (15, 16); 6 (17-20), 7 (21), the last day not over."""
    async with running_desk(infra, chain_env, NOW) as made:
        await made.fill(10, 6, 5)
        yield made, await made.kept()


@pytest.fixture
async def log(filled: tuple[Desk, Kept]) -> AsyncIterator[Desk]:
    made, kept = filled
    yield made
    await made.restore(kept)


def places(breaks: list[Break]) -> Found:
    return {(found.kind.value, found.thing.value, found.day, found.block, found.place) for found in breaks}


async def test_an_untouched_log_is_whole(log: Desk) -> None:
    assert await log.breaks() == []
    head, anchors = await log.audit.anchors()
    assert (head.number, head.place, sorted(anchors)) == (7, 21, DAYS[:2])
    assert [(anchors[day].blocks, anchors[day].rows) for day in DAYS[:2]] == [(3, 10), (2, 6)]


def rows_set(place: int, **changes: Any) -> Tamper:
    async def tamper(desk: Desk) -> None:
        changed = await desk.database["access_rows"].update_one({"place": place}, {"$set": changes}, bypass_document_validation=True)
        assert changed.modified_count == 1

    return tamper


def rows_unset(place: int, name: str) -> Tamper:
    async def tamper(desk: Desk) -> None:
        await desk.database["access_rows"].update_one({"place": place}, {"$unset": {name: ""}}, bypass_document_validation=True)

    return tamper


def one_set(collection: str, found: dict[str, Any], **changes: Any) -> Tamper:
    async def tamper(desk: Desk) -> None:
        changed = await desk.database[collection].update_one(found, {"$set": changes}, bypass_document_validation=True)
        assert changed.modified_count == 1

    return tamper


def removed(collection: str, found: dict[str, Any]) -> Tamper:
    async def tamper(desk: Desk) -> None:
        assert (await desk.database[collection].delete_many(found)).deleted_count > 0

    return tamper


def forged(place: Any) -> Tamper:
    async def tamper(desk: Desk) -> None:
        row = await desk.row_at(6) | {"_id": uuid4(), "place": place}
        await desk.database["access_rows"].insert_one(row, bypass_document_validation=True)

    return tamper


async def a_subject_nobody_finds(desk: Desk) -> None:
    row = await desk.row_at(6)
    await rows_set(6, subject_id=Binary(row["subject_id"].bytes, 0))(desk)


async def row_and_its_digest(desk: Desk) -> None:
    other = await desk.row_at(7)
    await rows_set(6, **{name: other[name] for name in other if name not in ("_id", "place")})(desk)


async def rows_exchange_places(desk: Desk) -> None:
    first, second = await desk.row_at(6), await desk.row_at(12)
    rows = desk.database["access_rows"]
    await rows.update_one({"_id": first["_id"]}, {"$set": {"place": 12}})
    await rows.update_one({"_id": second["_id"]}, {"$set": {"place": 6}})


async def rows_exchange_places_in_a_block(desk: Desk) -> None:
    first, second = await desk.row_at(6), await desk.row_at(7)
    rows = desk.database["access_rows"]
    await rows.update_one({"_id": first["_id"]}, {"$set": {"place": 7}})
    await rows.update_one({"_id": second["_id"]}, {"$set": {"place": 6}})


async def block_lists_rows_in_another_order(desk: Desk) -> None:
    block = await desk.database["access_blocks"].find_one({"number": 2})
    assert block is not None
    ids, macs = block["ids"], block["macs"]
    change = {"ids": ids[16:32] + ids[:16] + ids[32:], "macs": macs[32:64] + macs[:32] + macs[64:]}
    await one_set("access_blocks", {"number": 2}, **change)(desk)


async def block_forgets_its_last_row(desk: Desk) -> None:
    block = await desk.database["access_blocks"].find_one({"number": 2})
    assert block is not None
    await one_set("access_blocks", {"number": 2}, ids=block["ids"][:-16], macs=block["macs"][:-32])(desk)
    await removed("access_rows", {"place": 8})(desk)


async def blocks_exchange_numbers(desk: Desk) -> None:
    blocks = desk.database["access_blocks"]
    for number, other in ((1, 99), (2, 1), (99, 2)):
        await blocks.update_one({"number": number}, {"$set": {"number": other}})


async def a_block_of_nowhere(desk: Desk) -> None:
    block = await desk.database["access_blocks"].find_one({"number": 7}, {"_id": 0})
    assert block is not None
    await desk.database["access_blocks"].insert_one(block | {"number": 8, "first": 22})


async def the_last_block_with_its_rows(desk: Desk) -> None:
    await removed("access_blocks", {"number": 7})(desk)
    await removed("access_rows", {"place": 21})(desk)


async def a_day_with_its_anchor(desk: Desk) -> None:
    await removed("access_blocks", {"day": DAYS[1].isoformat()})(desk)
    await removed("access_rows", {"place": {"$gte": 11, "$lte": 16}})(desk)
    await removed("access_anchors", {"_id": DAYS[1].isoformat()})(desk)


CHANGED_6: Found = {("changed", "row", DAYS[0], 2, 6)}
TAMPERED: dict[str, tuple[Tamper, Found]] = {
    "action": (rows_set(6, action="signed-in"), CHANGED_6),
    "outcome": (rows_set(6, outcome="refused"), CHANGED_6),
    "service": (rows_set(6, service="support"), CHANGED_6),
    "subject": (rows_set(6, subject_id=uuid4()), CHANGED_6),
    "actor": (rows_set(6, actor_id=uuid4()), CHANGED_6),
    "actor nobody": (rows_set(6, actor_id=None), CHANGED_6),
    "details": (rows_set(6, details=b"x"), CHANGED_6),
    "details of another row": (Desk.take_details_of_another, CHANGED_6),
    "another origin": (Desk.say_another_origin, CHANGED_6),
    "origin altered": (Desk.alter_origin, CHANGED_6),
    "digest": (rows_set(6, mac=bytes(32)), CHANGED_6),
    "row and its digest": (row_and_its_digest, CHANGED_6),
    "subject of another type": (a_subject_nobody_finds, CHANGED_6),
    "field more": (rows_set(6, note="x"), CHANGED_6),
    "field less": (rows_unset(6, "action"), CHANGED_6),
    "place": (one_set("access_rows", {"place": 6}, place=99), {("missing", "row", DAYS[0], 2, 6), ("inserted", "row", None, None, 99)}),
    "place of another type": (one_set("access_rows", {"place": 6}, place=6.0), {("reordered", "row", DAYS[0], 2, 6)}),
    "row removed": (removed("access_rows", {"place": 6}), {("missing", "row", DAYS[0], 2, 6)}),
    "last row removed": (removed("access_rows", {"place": 21}), {("missing", "row", DAYS[2], 7, 21)}),
    "first row removed": (removed("access_rows", {"place": 1}), {("missing", "row", DAYS[0], 1, 1)}),
    "all rows removed": (removed("access_rows", {"place": {"$gte": 15}}), {
        ("missing", "row", DAYS[1], 5, 15), ("missing", "row", DAYS[1], 5, 16),
        *(("missing", "row", DAYS[2], 6, place) for place in range(17, 21)), ("missing", "row", DAYS[2], 7, 21),
    }),
    "rows exchanged": (rows_exchange_places, {("reordered", "row", DAYS[0], 2, 6), ("reordered", "row", DAYS[1], 4, 12)}),
    "rows exchanged in a block": (
        rows_exchange_places_in_a_block, {("reordered", "row", DAYS[0], 2, 6), ("reordered", "row", DAYS[0], 2, 7)},
    ),
    "row inserted": (forged(6), {("inserted", "row", DAYS[0], 2, 6)}),
    "row inserted behind": (forged(22), {("inserted", "row", None, None, 22)}),
    "row inserted far behind": (forged(2**40), {("inserted", "row", None, None, 2**40)}),
    "row inserted between": (forged(6.5), {("inserted", "row", DAYS[0], 2, None)}),
    "row inserted before": (forged(-7), {("inserted", "row", None, None, -7)}),
    "row inserted just before": (forged(0.5), {("inserted", "row", None, None, None)}),
    "row inserted nowhere": (forged("x"), {("inserted", "row", None, None, None)}),
    "row inserted at no number": (forged(math.nan), {("inserted", "row", None, None, None)}),
    "row inserted at none": (forged(None), {("inserted", "row", None, None, None)}),
    "row moved nowhere": (
        one_set("access_rows", {"place": 6}, place="x"), {("missing", "row", DAYS[0], 2, 6), ("inserted", "row", None, None, None)},
    ),
    "origins exchanged": (Desk.exchange_origins, {("changed", "row", DAYS[0], 2, 6), ("changed", "row", DAYS[1], 4, 12)}),
    "origin dropped": (rows_set(6, origin=None), CHANGED_6),
    "origin of no key": (Desk.take_key_of_origin, CHANGED_6),
    "block digest": (one_set("access_blocks", {"number": 2}, digest=bytes(32)), {("changed", "block", DAYS[0], 2, None)}),
    "block day": (
        one_set("access_blocks", {"number": 7}, day=DAYS[1].isoformat()), {("changed", "block", DAYS[1], 7, None)},
    ),
    "block shape": (one_set("access_blocks", {"number": 7}, macs=3), {("changed", "block", date.min, 7, None)}),
    "block order of rows": (block_lists_rows_in_another_order, {
        ("changed", "block", DAYS[0], 2, None), ("reordered", "row", DAYS[0], 2, 5), ("reordered", "row", DAYS[0], 2, 6),
    }),
    "block shortened with its row": (block_forgets_its_last_row, {("changed", "block", DAYS[0], 2, None)}),
    "block removed": (removed("access_blocks", {"number": 2}), {("missing", "block", DAYS[0], 2, None)}),
    "first block removed": (removed("access_blocks", {"number": 1}), {("missing", "block", DAYS[0], 1, None)}),
    "last block of a day removed": (removed("access_blocks", {"number": 3}), {("missing", "block", DAYS[1], 3, None)}),
    "blocks exchanged": (
        blocks_exchange_numbers, {("changed", "block", DAYS[0], 1, None), ("changed", "block", DAYS[0], 2, None)},
    ),
    "block inserted": (a_block_of_nowhere, {("inserted", "block", None, 8, None)}),
    "last block removed": (removed("access_blocks", {"number": 7}), {("truncated", "block", DAYS[2], 7, None)}),
    "last block removed with rows": (the_last_block_with_its_rows, {("truncated", "block", DAYS[2], 7, None)}),
    "everything removed": (removed("access_blocks", {}), {("truncated", "block", DAYS[2], 1, None)}),
    "a day removed": (a_day_with_its_anchor, {
        ("missing", "block", DAYS[2], 4, None), ("missing", "block", DAYS[2], 5, None),
        ("truncated", "anchor", DAYS[2], 7, None),
    }),
    "anchor counts": (
        one_set("access_anchors", {"_id": DAYS[0].isoformat()}, rows=9), {("changed", "anchor", DAYS[0], 3, None)},
    ),
    "anchor shape": (
        one_set("access_anchors", {"_id": DAYS[0].isoformat()}, rows="x"), {("changed", "anchor", DAYS[0], 0, None)},
    ),
    "anchor removed": (
        removed("access_anchors", {"_id": DAYS[0].isoformat()}),
        {("missing", "anchor", DAYS[0], 3, None), ("missing", "anchor", DAYS[1], 3, None)},
    ),
    "last anchor removed": (
        removed("access_anchors", {"_id": DAYS[1].isoformat()}),
        {("missing", "anchor", DAYS[1], 5, None), ("truncated", "anchor", DAYS[2], 7, None)},
    ),
    "head": (one_set("access_head", {}, number=6), {("changed", "head", DAYS[2], 6, None)}),
    "head shape": (one_set("access_head", {}, number="x"), {("changed", "head", date.min, 0, None)}),
    "head removed": (removed("access_head", {}), {("missing", "head", None, 7, None)}),
}  # fmt: skip
AMONG = {"block day", "block shape", "block order of rows", "blocks exchanged", "head", "head shape"}
"""Here more is named than the cause."""


@pytest.mark.parametrize("name", TAMPERED)
async def test_tampering_is_found_and_located(log: Desk, name: str) -> None:
    tamper, expected = TAMPERED[name]
    await tamper(log)
    found = places(await log.breaks())
    assert found == expected or (name in AMONG and found & expected and len(found) < 12), found


async def test_a_row_is_named_by_its_id(log: Desk) -> None:
    row_id = await log.id_at(6)
    await removed("access_rows", {"place": 6})(log)
    [found] = await log.breaks()
    assert (found.kind, found.thing, found.row_id) == (BreakKind.MISSING, Thing.ROW, row_id)


async def test_only_the_days_asked_for_are_looked_at(log: Desk) -> None:
    await removed("access_rows", {"place": 6})(log)
    await removed("access_rows", {"place": 12})(log)
    assert places(await log.breaks(from_day=DAYS[1], to_day=DAYS[1])) == {("missing", "row", DAYS[1], 4, 12)}
    assert places(await log.breaks(to_day=DAYS[0])) == {("missing", "row", DAYS[0], 2, 6)}
    assert await log.breaks(from_day=DAYS[2]) == []


async def test_a_log_set_back_to_an_earlier_day_is_found_by_anchors_kept_elsewhere(desk: Desk) -> None:
    await desk.fill(5, 3)
    earlier = await desk.kept()
    await desk.fill(0, 4)
    head, anchors = await desk.audit.anchors()
    last = max(anchors)
    witnesses = tuple(Witness(day, anchor.last_number, anchor.digest, is_final=True) for day, anchor in anchors.items())
    open_end = Witness(head.day, head.number, head.previous, is_final=False)
    assert await desk.breaks(witnesses=(*witnesses, open_end)) == []
    await desk.restore(earlier)
    assert await desk.breaks() == [], "sound by itself: only somebody outside can know"
    found = places(await desk.breaks(witnesses=(*witnesses, open_end)))
    assert found == {("truncated", "anchor", last, 3, None), ("truncated", "block", head.day, head.number, None)}


async def test_an_anchor_of_another_history_is_found(log: Desk) -> None:
    other = Witness(DAYS[0], 3, bytes(32), is_final=True)
    assert places(await log.breaks(witnesses=(other,))) == {("changed", "anchor", DAYS[0], 3, None)}
    block = Witness(DAYS[0], 2, bytes(32), is_final=False)
    assert places(await log.breaks(witnesses=(block,))) == {("changed", "block", DAYS[0], 2, None)}


async def test_fifty_rows_at_once_are_each_sealed_once(desk: Desk) -> None:
    subject_id, actor_id = uuid4(), uuid4()
    sealing = asyncio.create_task(_seal_until(desk, 50))
    await asyncio.gather(*(desk.note(subject_id=subject_id, actor_id=actor_id) for _ in range(50)))
    await asyncio.wait_for(sealing, 60)
    rows = await desk.database["access_rows"].find({}).to_list()
    assert sorted(row["place"] for row in rows) == list(range(1, 51))
    assert await desk.breaks() == []


async def _seal_until(desk: Desk, count: int) -> None:
    while (await desk.audit.anchors())[0].place < count:
        await desk.sealing.seal()


async def test_two_sealers_at_once_seal_every_row_once(desk: Desk) -> None:
    for _ in range(12):
        await desk.note()
    await asyncio.gather(_seal_until(desk, 12), _seal_until(desk, 12), return_exceptions=True)
    await desk.seal()
    rows = await desk.database["access_rows"].find({}).to_list()
    assert sorted(row["place"] for row in rows) == list(range(1, 13))
    assert await desk.breaks() == []


async def test_a_row_that_commits_late_is_sealed_late(desk: Desk) -> None:
    async def others(tx: Transaction) -> None:
        await desk.note(tx)
        for _ in range(2):
            desk.clock.move(timedelta(seconds=1))
            await desk.note()
        await desk.seal()
        desk.clock.move(timedelta(days=1))

    await desk.do(others)
    await desk.seal()
    rows = await desk.database["access_rows"].find({}).sort("_id").to_list()
    assert [row["place"] for row in rows] == [3, 1, 2], "written first, committed last"
    blocks = await desk.database["access_blocks"].find({}).sort("number").to_list()
    assert [block["day"] for block in blocks] == [day.isoformat() for day in DAYS[:2]], "it belongs to the day it was sealed on"
    assert await desk.breaks() == []


async def test_a_clock_that_is_moved_never_takes_the_chain_back(desk: Desk) -> None:
    await desk.fill(2)
    for days in (31, -31, 1, -3, 40):
        desk.clock.move(timedelta(days=days))
        await desk.note()
        await desk.seal()
    assert await desk.breaks() == []
    sealed_on = [block["day"] for block in await desk.database["access_blocks"].find({}).sort("number").to_list()]
    assert sealed_on == sorted(sealed_on)
    said_at = [row.entry.at for row in await desk.do(lambda tx: desk.stores.access_log.page(tx, Filters(), limit=100))]
    assert max(said_at) - min(said_at) == timedelta(days=40), "rows say when it happened by the clock of then"


async def test_a_row_forged_before_it_is_sealed_is_set_aside_and_named(desk: Desk) -> None:
    await desk.fill(3)
    row = await desk.row_at(1) | {"_id": uuid4(), "place": 0}
    await desk.database["access_rows"].insert_one(row)
    await desk.note()
    await desk.seal()
    [found] = await desk.breaks()
    assert (found.kind, found.thing, found.row_id) == (BreakKind.INSERTED, Thing.ROW, row["_id"])
    assert (await desk.audit.anchors())[0].place == 4


async def test_the_archive_is_told_where_the_chain_stands(desk: Desk) -> None:
    await desk.fill(10, 1)
    told = [json.loads(row["body"]) for row in await desk.database["outbox"].find({}).to_list()]
    block = await desk.database["access_blocks"].find_one({"number": 3})
    assert block is not None
    _, anchors = await desk.audit.anchors()
    expected = [
        (DAYS[0].isoformat(), 3, 10, block["digest"].hex(), False),
        (DAYS[0].isoformat(), 3, 10, anchors[DAYS[0]].digest.hex(), True),
    ]
    assert sorted((e["day"], e["number"], e["rows"], e["digest"], e["is_final"]) for e in told) == sorted(expected)
    kept = tuple(Witness(DAYS[0], e["number"], bytes.fromhex(e["digest"]), e["is_final"]) for e in told)
    assert await desk.breaks(witnesses=kept) == []
