"""A new data key takes the place of the old one while the service runs, without a moment at which a value is lost, doubled or unreadable.

    steady [old]  ->  adding [old, new]  ->  removing [new], old leaving  ->  steady [new]

Two neighbours always agree: what is written under one of them is found under the other, and both clash over one value. So that never
more than two neighbours are in use, each step first waits until every process and every write begun before it is over. Each phase then
makes every stored value what would be written in it today, and ends when a reading of everything found nothing else.

A rotation that was cut off goes on where it stood: the state says in which phase, and each ciphertext says by which key. Two at once
help each other.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Event
from typing import Any, Literal, TypeAlias

import pymongo
from bson.binary import Binary
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, EncryptionError, PyMongoError
from pymongo.synchronous.collection import Collection

from chassis.encryption.values import Stored, ciphertexts_in, conformed, is_looked_up, key_of
from chassis.encryption.vault import KEY_STATE, KEY_VAULT, KeyState, KeyVault, Phase
from chassis.mongo import is_away

_WRITE_CONFLICT = 112
_PAUSE_SECONDS = 0.2
_PASSES = 10
_READING_SECONDS = 3600.0
"""How long the server may work on one reading of a collection."""
_COUNTED = 1000
"""Documents of one batch where they are only counted."""
Document: TypeAlias = dict[str, Any]
Step = Literal["settle", "walk", "prove"]


class Unreadable(RuntimeError):
    """A stored value cannot be opened, so its key cannot be replaced; names the place."""


class Blocked(RuntimeError):
    """The store did not take a change for too long; the rotation goes on when it is started again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a rotation does at this moment."""

    phase: Phase
    step: Step
    collection: str = ""
    done: float = 0
    total: float = 0
    changed: int = 0
    """Documents written anew in this collection and step."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Of the data key of one service."""

    vault: KeyVault
    settle_seconds: float
    """Longer than a process trusts a state and the longest write takes, together."""
    watch: Callable[[Progress], None] = lambda _: None
    batch: int = 100
    patience_seconds: float = 120
    """How long others may keep us from writing a document."""

    def run(self) -> KeyState:
        """Finish the rotation that is under way, or else do a whole one. The state in the end."""
        state = self.vault.prepare()
        if state.phase is Phase.STEADY:
            state = self._add(state)
        generation = state.generation
        while state.phase is not Phase.STEADY and state.generation == generation:
            try:
                state = self._leave_old(state) if state.phase is Phase.ADDING else self._remove_old(state)
            except _Overtaken:
                state = self.vault.state()
        return state

    def _add(self, state: KeyState) -> KeyState:
        generation = state.generation + 1
        writing = [*state.writing, self.vault.key(generation)]
        return self.vault.move(state, Phase.ADDING, writing=writing, leaving=None, generation=generation)

    def _leave_old(self, state: KeyState) -> KeyState:
        self._settle(state)
        self._walk(state)
        self._prove(state)
        old, new = state.writing
        return self.vault.move(state, Phase.REMOVING, writing=[new], leaving=old, generation=state.generation)

    def _remove_old(self, state: KeyState) -> KeyState:
        self._settle(state)
        self._walk(state)
        self._settle(state)  # who read an old ciphertext just before it was replaced has opened it by then
        self._prove(state)
        if state.leaving is not None:
            self._search(state, bytes(state.leaving))
            self.vault.remove(state.leaving)
        return self.vault.move(state, Phase.STEADY, writing=state.writing, leaving=None, generation=state.generation)

    def _settle(self, state: KeyState) -> None:
        begun_at = time.monotonic()
        while (waited := time.monotonic() - begun_at) < self.settle_seconds:
            self.watch(Progress(state.phase, "settle", done=waited, total=self.settle_seconds))
            _wait(min(1.0, self.settle_seconds - waited))
        self.watch(Progress(state.phase, "settle", done=self.settle_seconds, total=self.settle_seconds))

    def _walk(self, state: KeyState) -> None:
        """Over each collection that the phase did not go over before it was cut off."""
        for name in stored_collections(self.vault):
            if name not in state.walked:
                self._go_over(name, state, "walk")
                self.vault.note_walked(state, name)

    def _prove(self, state: KeyState) -> None:
        """Read everything until nothing had to be changed."""
        for _ in range(_PASSES):
            if not sum(self._go_over(name, state, "prove") for name in stored_collections(self.vault)):
                return
        raise Blocked(f"after {_PASSES} readings somebody still writes as in an earlier phase: is a process of an old version running?")

    def _search(self, state: KeyState, key_id: bytes) -> None:
        """No document holds the id of the key anywhere in its bytes: also not where no ciphertext is seen, such as inside a blob."""
        codec: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
        for name in stored_collections(self.vault):
            raw: Collection[RawBSONDocument] = self.vault.database[name].with_options(codec)
            for number, document in enumerate(every_document(raw, self.batch)):
                if key_id in document.raw:
                    raise Unreadable(f"{name}, _id {document['_id']!r}: names the key that is to go where it cannot be replaced")
                if number % self.batch == 0:
                    self.watch(Progress(state.phase, "prove", name, number))

    def _go_over(self, name: str, state: KeyState, step: Step) -> int:
        """How many documents had to be written anew.

        Read in the order of storage: a document that stays where it is is seen, and one that comes later was written as it is right.
        """
        collection = self.vault.database[name]
        total, done, changed = collection.estimated_document_count(), 0, 0
        documents = every_document(collection, self.batch)
        while batch := list(islice(documents, self.batch)):
            changed += self._conform(collection, batch, state)
            done += len(batch)
            self.watch(Progress(state.phase, step, name, done, max(total, done), changed))
        self.watch(Progress(state.phase, step, name, done, done, changed))
        return changed

    def _conform(self, collection: Collection[Document], documents: Sequence[Document], state: KeyState) -> int:
        """Write anew what has to be; who wrote at the same time wins, and is looked at again."""
        changed, limit = 0, time.monotonic() + self.patience_seconds
        while updates := [(found["_id"], update) for found in documents if (update := self._update(collection.name, found, state))]:
            if not _is_same(state, self.vault.state()):
                raise _Overtaken
            written = _written(collection, [update for _, update in updates])
            changed += written
            if written == len(updates):
                break
            if time.monotonic() > limit:
                raise Blocked(f"{collection.name}: {len(updates)} documents could not be written for {self.patience_seconds:.0f} s")
            _wait(_PAUSE_SECONDS)
            documents = list(collection.find({"_id": {"$in": [document_id for document_id, _ in updates]}}))
        return changed

    def _update(self, name: str, document: Document, state: KeyState) -> UpdateOne | None:
        """Guarded by the exact values that are replaced; None when nothing has to be."""

        def again(stored: Stored) -> Stored:
            clear = self.vault.opened(stored)
            return self.vault.looked_up(clear, state.writing) if is_looked_up(stored) else self.vault.randomised(clear, state.writing)

        try:
            fresh = {field: conformed(value, state.writing, again) for field, value in document.items()}
        except EncryptionError as error:
            raise Unreadable(f"{name}, _id {document['_id']!r}: a value cannot be opened: {error}") from error
        changed = [field for field in document if fresh[field] is not document[field]]
        if "_id" in changed:
            raise Unreadable(f"{name}: an _id is encrypted, and an _id cannot be replaced")
        if not changed:
            return None
        guard = {field: {"$eq": document[field]} for field in changed}
        return UpdateOne({"_id": document["_id"], **guard}, {"$set": {field: fresh[field] for field in changed}})


class _Overtaken(Exception):
    """Another command took the rotation a step on."""


def stored_collections(vault: KeyVault) -> list[str]:
    """All collections of the database but the vault with its state and the server's own."""
    names = vault.database.list_collection_names(filter={"type": "collection"})
    return sorted(name for name in names if name not in (KEY_VAULT, KEY_STATE) and not name.startswith("system."))


def every_document(collection: Collection[Any], batch: int) -> Iterator[Any]:
    """All documents, in the order of storage.

    The server counts its work on all batches of a reading against the limit that came with the first of them, so the client's limit of
    one operation would end the reading of a large collection; it goes on to apply to each further batch.
    """
    with collection.find({}, batch_size=batch) as found:
        with pymongo.timeout(_READING_SECONDS):
            first = next(found, None)
        if first is not None:
            yield first
            yield from found


def usage(vault: KeyVault) -> Iterator[tuple[str, Counter[Binary]]]:
    """How many stored ciphertexts of each collection each data key opens, by reading everything."""
    for name in stored_collections(vault):
        counts: Counter[Binary] = Counter()
        for document in every_document(vault.database[name], _COUNTED):
            counts.update(key_of(ciphertext) for ciphertext in ciphertexts_in(document))
        yield name, counts


def _wait(seconds: float) -> None:
    """The command that rotates has this thread for itself."""
    Event().wait(seconds)


def _is_same(one: KeyState, other: KeyState) -> bool:
    return (one.generation, one.phase) == (other.generation, other.phase)


def _written(collection: Collection[Document], updates: Sequence[UpdateOne]) -> int:
    """How many found their document as it was read. 0 when the store could not say: what was written shows at the next look."""
    try:
        return collection.bulk_write(updates, ordered=False).matched_count
    except BulkWriteError as error:
        if any(failed["code"] != _WRITE_CONFLICT for failed in error.details["writeErrors"]):
            raise
        return int(error.details["nMatched"])
    except PyMongoError as error:
        if not is_away(error):
            raise
        return 0
