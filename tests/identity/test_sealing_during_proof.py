"""Sealing goes on while the access log is proved: whatever moment a block comes at, nothing is found broken."""

from typing import Any

import pytest

from services.identity.repository.access_chain import AccessChainRepository
from tests.identity.chain_desk import Desk


@pytest.mark.parametrize(
    ("rows", "moment"),
    [
        *((5, moment) for moment in ("head", "anchors", "found", "last_number", "count", "waiting", "beyond")),
        *((0, moment) for moment in ("head", "anchors", "last_number", "count", "waiting", "beyond")),
    ],
)
async def test_a_block_sealed_at_any_moment_of_the_proof_is_no_break(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, rows: int, moment: str
) -> None:
    if rows:
        await desk.fill(rows)
    read, is_sealing = getattr(AccessChainRepository, moment), False

    async def sealed_first(*args: Any, **kwargs: Any) -> Any:
        nonlocal is_sealing
        if not is_sealing:
            is_sealing = True
            await desk.note()
            await desk.seal()
            is_sealing = False
        return await read(*args, **kwargs)

    monkeypatch.setattr(AccessChainRepository, moment, sealed_first)
    assert await desk.breaks() == []
    monkeypatch.undo()
    assert (await desk.audit.anchors())[0].place > rows, "something was sealed meanwhile"
    assert await desk.breaks() == []
