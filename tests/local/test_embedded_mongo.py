"""What is changed in the embedded store: how it forgets the answers it keeps for writes that a driver repeats."""

from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import pytest
from bson import Binary
from secantus import transactions
from secantus.transactions import TransactionRegistry

from deploy.local.embedded_mongo import REPEATABLE_SECONDS, REPEATABLE_WRITES, forget_oldest
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
