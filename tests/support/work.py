"""A piece of work in a transaction, as use-cases do theirs, for tests of repositories and their twins."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from chassis.transaction import Begin, Transaction, atomic

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """Runs a piece of work in a transaction."""

    begin: Begin

    @atomic
    async def __call__(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self.begin() as tx:
            return await work(tx)
