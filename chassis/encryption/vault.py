"""The key vault of one service: its data keys, and the state that says which of them are in use.

`writing` is all a process must know. A looked-up value is written under every key of it and sought under any of them; everything else
is written under the last. The state moves in steps, each of which agrees with the one before and the one after (ADR 18).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

import bson
from bson.binary import STANDARD, Binary
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, MongoClient
from pymongo.encryption_shared import Algorithm
from pymongo.errors import DuplicateKeyError, EncryptionError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database
from pymongo.synchronous.encryption import ClientEncryption
from pymongocrypt.errors import MongoCryptError  # type: ignore[import-untyped]  # the driver's own, without types
from pymongocrypt.synchronous.state_machine import run_state_machine  # type: ignore[import-untyped]

from chassis.clock import machine_now
from chassis.encryption.masters import MasterRing, WrongMasterKey
from chassis.encryption.values import Stored, original, storable
from chassis.settings import ServiceSettings

KEY_VAULT = "__keyVault"
KEY_STATE = "key_state"
_STATE_ID = "personal"
_KEY_CACHE_MILLIS = 600_000
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=STANDARD, tz_aware=True)

Result = TypeVar("Result")


class KeyStateLost(RuntimeError):
    """There are data keys but nothing says which are in use: the state must be restored from a backup, with the vault."""


class Phase(StrEnum):
    """Where a rotation stands."""

    STEADY = "steady"
    """One key."""
    ADDING = "adding"
    """The new key beside the old one."""
    REMOVING = "removing"
    """The new key alone; the old one opens what is left of it."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """Which data keys are in use. The oldest of `writing` comes first."""

    generation: int
    phase: Phase
    writing: tuple[Binary, ...]
    leaving: Binary | None
    """The key that is to be removed; known in the phase `removing`."""
    since: datetime
    walked: tuple[str, ...] = ()
    """Collections that this phase went over."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From its stored form."""
        return cls(
            generation=document["generation"],
            phase=Phase(document["phase"]),
            writing=tuple(Binary.from_uuid(key) for key in document["writing"]),
            leaving=Binary.from_uuid(document["leaving"]) if document["leaving"] else None,
            since=document["since"],
            walked=tuple(document.get("walked", ())),
        )


@dataclass(frozen=True, slots=True)
class DataKey:
    """One data key, without its material."""

    id: Binary
    names: tuple[str, ...]
    master: str
    made_at: datetime


class _Encryption(ClientEncryption[dict[str, Any]]):
    """The driver's, which also opens many values in one run of libmongocrypt: 18 instead of 31 microseconds of CPU for each.

    The driver does the same with every reply it decrypts by itself, but offers no call for it.
    """

    def decrypt_many(self, values: Sequence[Binary]) -> list[Any]:
        """Every value, in order. Raises `EncryptionError` when one of them cannot be opened."""
        document = bson.encode({"v": list(values)})
        try:
            with self._encryption.mongocrypt.decryption_context(document) as context:
                opened = run_state_machine(context, self._encryption.callback)
        except (MongoCryptError, PyMongoError) as error:  # the driver wraps both alike
            raise EncryptionError(error) from error
        return list(bson.decode(opened, _CODEC)["v"])


class KeyVault:
    """Blocking, like the driver's encryption; `FieldCipher` brings it into threads. Making one connects to nothing."""

    def __init__(
        self,
        mongo_url: str,
        database: str,
        masters: MasterRing,
        *,
        timeout_seconds: float = 8,
        server_selection_seconds: float = 2.5,
    ) -> None:
        self.masters = masters
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            connect=False,
            serverSelectionTimeoutMS=int(server_selection_seconds * 1000),
            timeoutMS=int(timeout_seconds * 1000),
            w="majority",
            uuidRepresentation="standard",
            tz_aware=True,
        )
        self.database: Database[dict[str, Any]] = self._client[database]
        self._keys: Collection[dict[str, Any]] = self.database[KEY_VAULT]
        # Linearizable: a primary that was deposed and does not know it yet must not tell of a step that is over.
        self._state = self.database.get_collection(KEY_STATE, read_concern=ReadConcern("linearizable"))
        self._encryption = _Encryption(
            masters.providers,
            f"{database}.{KEY_VAULT}",
            self._client,
            _CODEC,
            kms_tls_options=masters.tls or None,
            key_expiration_ms=_KEY_CACHE_MILLIS,
        )

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The vault of one service. Raises `WrongMasterKey` when the master key is malformed."""
        return cls(
            settings.mongo_url.get_secret_value(),
            settings.mongo_database,
            MasterRing.from_text(settings.field_master_key.get_secret_value()),
            timeout_seconds=settings.mongo_timeout_seconds,
            server_selection_seconds=settings.mongo_server_selection_seconds,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._encryption.close()
        self._client.close()

    def prepare(self) -> KeyState:
        """Find or make the first data key and the state; replicas that start together agree on one.

        Raises `WrongMasterKey` when a key in use cannot be opened, `KeyStateLost` when the state is gone.
        """
        name_exists = {"keyAltNames": {"$exists": True}}
        self._keys.create_index([("keyAltNames", ASCENDING)], name="key_alt_names", unique=True, partialFilterExpression=name_exists)
        if self._state.find_one({"_id": _STATE_ID}) is None:
            self._begin()
        state = self.state()
        _opening(lambda: self.looked_up("probe", state.writing))
        return state

    def state(self) -> KeyState:
        """The state as it is now. Raises `KeyStateLost` before `prepare`."""
        found = self._state.find_one({"_id": _STATE_ID})
        if found is None:
            raise KeyStateLost(f"{KEY_STATE} of database {self.database.name} does not say which data keys are in use")
        return KeyState.of(found)

    def move(self, state: KeyState, phase: Phase, *, writing: Sequence[Binary], leaving: Binary | None, generation: int) -> KeyState:
        """One step on, unless somebody else took it meanwhile; the state as it is then."""
        step = {"phase": str(phase), "writing": list(writing), "leaving": leaving, "generation": generation, "walked": []}
        self._state.update_one(_same(state), {"$set": step, "$currentDate": {"since": True}})
        return self.state()

    def note_walked(self, state: KeyState, collection: str) -> None:
        """Remember that the phase went over a collection."""
        self._state.update_one(_same(state), {"$addToSet": {"walked": collection}})

    def key(self, generation: int) -> Binary:
        """The id of that generation's data key, which is made if it is not there."""
        name = f"{_STATE_ID}:{generation}"
        if self._encryption.get_key_by_alt_name(name) is None:
            try:
                self._encryption.create_data_key(self.masters.wraps_by, self.masters.wrapping, key_alt_names=[name])
            except (DuplicateKeyError, EncryptionError) as error:
                if not _is_duplicate(error):
                    raise
        found = self._encryption.get_key_by_alt_name(name)
        if found is None:
            raise KeyStateLost(f"the data key {name!r} vanished from {KEY_VAULT}")
        return Binary(bytes(found["_id"]), found["_id"].subtype)

    def data_keys(self) -> list[DataKey]:
        """All data keys, the oldest first."""
        shown = {"keyMaterial": False}
        aware: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
        return [
            DataKey(found["_id"], tuple(found.get("keyAltNames", ())), found["masterKey"]["provider"], found["creationDate"])
            for found in self._keys.with_options(codec_options=aware).find({}, shown).sort("creationDate", ASCENDING)
        ]

    def remove(self, key_id: Binary) -> None:
        """Delete a data key: what it encrypted is unreadable from then on. A key that is gone already is no error."""
        self._encryption.delete_key(key_id)

    def rewrap(self) -> int:
        """Wrap every data key that another master wraps by the active one; how many there were. Raises `WrongMasterKey`."""
        others = {"masterKey.provider": {"$ne": self.masters.wraps_by}}
        done = _opening(
            lambda: self._encryption.rewrap_many_data_key(others, provider=self.masters.wraps_by, master_key=self.masters.wrapping)
        )
        return done.bulk_write_result.modified_count if done.bulk_write_result is not None else 0

    def looked_up(self, text: str, writing: Sequence[Binary]) -> Stored:
        """Deterministic: under one key a ciphertext, under several an array of them."""
        found = [self._encryption.encrypt(text, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic, key_id=key) for key in writing]
        return found if len(found) > 1 else found[0]

    def randomised(self, value: Any, writing: Sequence[Binary]) -> Binary:
        """Another ciphertext each time."""
        return self._encryption.encrypt(storable(value), Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, key_id=writing[-1])

    def opened(self, stored: Stored) -> Any:
        """The value again, by whatever key; of several ciphertexts by that of the newest."""
        return original(self._encryption.decrypt(stored[-1] if isinstance(stored, list) else stored))

    def opened_all(self, stored: Sequence[Binary]) -> list[Any]:
        """Many single ciphertexts at once. Raises `EncryptionError` when one of them cannot be opened."""
        return [original(clear) for clear in self._encryption.decrypt_many(stored)]

    def _begin(self) -> None:
        """The first state. The only key there is was made before there were states, or by a replica that starts at this moment."""
        found = self.data_keys()
        if len(found) > 1:
            raise KeyStateLost(f"{len(found)} data keys in {KEY_VAULT} of database {self.database.name}, and {KEY_STATE} is gone")
        first = found[0].id if found else self.key(1)
        state = {"_id": _STATE_ID, "generation": 1, "phase": str(Phase.STEADY), "writing": [first], "leaving": None, "walked": []}
        with suppress(DuplicateKeyError):  # another replica was first, with the same key
            self._state.insert_one({**state, "since": machine_now()})


def _same(state: KeyState) -> dict[str, Any]:
    return {"_id": _STATE_ID, "generation": state.generation, "phase": str(state.phase)}


def _opening(use: Callable[[], Result]) -> Result:
    try:
        return use()
    except EncryptionError as error:
        if "HMAC" in str(error):
            raise WrongMasterKey("FIELD_MASTER_KEY does not open the data key of this database: it was made with another one") from None
        if "is not configured" in str(error):
            raise WrongMasterKey(f"a data key of this database is wrapped by a master that the settings do not have: {error}") from None
        raise


def _is_duplicate(error: DuplicateKeyError | EncryptionError) -> bool:
    return isinstance(error, DuplicateKeyError) or isinstance(error.cause, DuplicateKeyError)
