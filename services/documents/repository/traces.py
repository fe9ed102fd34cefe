"""What is kept about files beside their documents, and goes with them."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from chassis.transaction import Transaction


class Trace(Protocol):
    """One kind of it."""

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget what there is about the owner's files."""

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        """Forget what there is about a document's files."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Every kind of it."""

    kinds: tuple[Trace, ...]

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget what there is about the owner's files."""
        for kind in self.kinds:
            await kind.remove_all(tx, owner_id)

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        """Forget what there is about a document's files."""
        for kind in self.kinds:
            await kind.remove_of(tx, document_id)
