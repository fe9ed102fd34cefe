"""What is changed in the embedded store: how it forgets the answers it keeps for writes that a driver repeats, and how it packs keys."""

from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import pytest
from bson import Binary
from hypothesis import given
from hypothesis import strategies as st
from secantus import transactions
from secantus.transactions import TransactionRegistry

from deploy.local.embedded_mongo import REPEATABLE_SECONDS, REPEATABLE_WRITES, forget_oldest
from deploy.local.embedded_packing import _own_pack, _own_unpack, pack, unpack
from tests.support import Infra


def written(numbers: range, *, seconds_apart: float) -> TransactionRegistry:
    """A registry after so many writes."""
    times = count(datetime(2026, 11, 28, tzinfo=UTC).timestamp(), seconds_apart)
    now = next(times)
    registry = TransactionRegistry(time_func=lambda: now)
    for number in numbers:
        registry._retryable[b"session", number] = ({"ok": 1.0, "n": number}, now, b"command")
        now = next(times)
    return registry


@pytest.mark.parametrize(
    ("writes", "seconds_apart", "left"),
    [(20, 1, 20), (REPEATABLE_WRITES + 3, 0.01, REPEATABLE_WRITES), (40, REPEATABLE_SECONDS / 10, 10)],
    ids=["few", "too-many", "too-old"],
)
def test_the_answers_of_the_same_writes_are_kept_as_the_store_itself_would(writes: int, seconds_apart: float, left: int) -> None:
    ours, theirs = (written(range(writes), seconds_apart=seconds_apart) for _ in range(2))
    forget_oldest(ours)
    theirs._prune_retryable_locked()
    assert ours._retryable == theirs._retryable
    assert [number for _, number in ours._retryable] == list(range(writes - left, writes))


def test_the_limits_are_those_of_the_store() -> None:
    limits = transactions._RETRYABLE_RECORD_LIFETIME_SECONDS, transactions._RETRYABLE_RECORD_MAX
    assert limits == (REPEATABLE_SECONDS, REPEATABLE_WRITES)


async def test_a_repeated_write_is_done_once(infra: Infra) -> None:
    command = {
        "update": "things",
        "updates": [{"q": {"_id": 1}, "u": {"$inc": {"times": 1}}, "upsert": True}],
        "lsid": {"id": Binary(uuid4().bytes, 4)},
        "txnNumber": 1,
    }
    async with infra.mongo() as client:
        database = client[f"test_{infra.run}_repeated"]
        for _ in range(2):
            assert (await database.command(command))["n"] == 1
        assert await database["things"].find_one({}) == {"_id": 1, "times": 1}


_TAILS = {"": st.just(()), "u": st.tuples(st.binary()), "q": st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(-9_000, 9_000))}
_FORMS = [f"{'S' * count}{tail}" for count in range(5) for tail in _TAILS if count or tail]


@given(st.data(), st.sampled_from([*_FORMS, "Su8s", "QB", "uS"]))
def test_keys_and_values_are_packed_as_the_store_itself_does_it(data: st.DataObject, form: str) -> None:
    values: tuple[object, ...] = {"Su8s": ("a", b"b", b"12345678"), "QB": (7, 8), "uS": (b"a\0", "b")}.get(form, ())
    if not values:
        values = tuple(data.draw(st.text()) for _ in range(form.count("S"))) + data.draw(_TAILS[form.lstrip("S")])
    packed = _own_pack(form, *values)
    assert pack(form, *values) == packed
    assert unpack(form, packed) == _own_unpack(form, packed)


@pytest.mark.parametrize("distance", [-1, 0, 1, 255, 256, 2**62])
def test_the_numbers_at_the_ends_of_each_length_are_packed_alike(distance: int) -> None:
    number = 2**13 + 2**6 + distance
    assert pack("Sq", "a", number) == _own_pack("Sq", "a", number)
    assert unpack("Sq", pack("Sq", "a", number)) == ["a", number]


def test_what_is_too_little_for_a_format_fails_as_it_does_there() -> None:
    with pytest.raises(IndexError):
        pack("SSu", "a", "b")
    assert unpack("SSS", b"a\0b\0") == _own_unpack("SSS", b"a\0b\0")
