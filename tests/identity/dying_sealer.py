"""`python -m tests.identity.dying_sealer`: seals one block and is killed when the block is written and one of its rows is marked."""

import asyncio
import os
import signal
from collections.abc import Sequence

from chassis.app import Chassis
from chassis.settings import load_settings
from chassis.transaction import Transaction
from services.identity.domain.access_chain import Block
from services.identity.domain.access_proof import StoredRow
from services.identity.main.stores import stores_of
from services.identity.main.wiring import usecases_of
from services.identity.repository.access_chain import AccessChainRepository
from services.identity.settings import Settings

_seal = AccessChainRepository.seal


async def _deadly(chain: AccessChainRepository, tx: Transaction, block: Block, rows: Sequence[StoredRow]) -> None:
    await _seal(chain, tx, block, rows[:1])
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Never comes to its end."""
    settings = load_settings(Settings)
    chassis = Chassis("identity", settings)
    await chassis.cipher.prepare()
    await usecases_of(chassis, settings, stores_of(chassis, settings)).sealing.seal()


if __name__ == "__main__":
    setattr(AccessChainRepository, "seal", _deadly)  # noqa: B010 - mypy lets nobody assign to a method
    asyncio.run(main())
