"""A rotation reads collections of any size."""

import secrets
from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chassis.encryption.rotation import every_document
from tests.support import Infra


class Sent(CommandListener):
    """The commands a client sent, by name."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append((event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""


async def test_reading_a_collection_may_take_longer_than_one_operation(infra: Infra) -> None:
    sent, name = Sent(), f"test_{infra.run}_{secrets.token_hex(3)}"
    with MongoClient[dict[str, Any]](infra.mongo_url, timeoutMS=8_000, event_listeners=[sent]) as client:
        client[name]["rows"].insert_many([{"_id": number} for number in range(7)])
        read = [found["_id"] for found in every_document(client[name]["rows"], batch=3)]
    await infra.drop_database(name)
    assert read == list(range(7))
    (first,) = [command for name, command in sent.commands if name == "find"]
    further = [command for name, command in sent.commands if name == "getMore"]
    assert first["maxTimeMS"] > 600_000, "the server counts its work on all batches against the limit of the first command"
    assert len(further) >= 2
    assert all("maxTimeMS" not in command for command in further)
