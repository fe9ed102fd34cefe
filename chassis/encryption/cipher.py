"""What repositories use: groups of fields encrypted, decrypted and sought, in threads."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Any, Self, TypeAlias

from bson.binary import Binary
from pymongo.errors import EncryptionError, PyMongoError

from chassis.encryption.values import is_encrypted, is_looked_up
from chassis.encryption.vault import KeyState, KeyVault
from chassis.mongo import is_away
from chassis.settings import ServiceSettings

Operand: TypeAlias = dict[str, Any]
"""A condition on a looked-up field, as queries take it: `{"personal.phone": operand}`, `{"workplace": {"$not": operand}}`."""


_AT_ONCE = 500
UNREADABLE = object()
"""Stands for a value that cannot be opened."""


class FieldCipher:
    """Encrypts and decrypts fields. One hop into a thread per call, however many fields there are.

    Which data keys are in use is looked up at use: the first call after `refresh_seconds` does it in its thread, the others go on.
    Older than `lease_seconds` the knowledge is used by nobody: a rotation waits that long before its next step, so nothing is ever
    written or sought under a key that is no longer right. Decrypting needs no such knowledge.
    """

    def __init__(self, vault: KeyVault, *, refresh_seconds: float = 5, lease_seconds: float = 20) -> None:
        self._vault = vault
        self._refresh_seconds = refresh_seconds
        self._lease_seconds = lease_seconds
        self._known: tuple[KeyState, float] | None = None
        """The state, and the moment before it was read."""
        self._refreshing = Lock()
        self._nothing: tuple[tuple[Binary, ...], Any] | None = None
        """A sealed empty text, and the keys it is sealed under."""

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The cipher of one service."""
        vault = KeyVault.from_settings(settings)
        return cls(vault, refresh_seconds=settings.key_refresh_seconds, lease_seconds=settings.key_lease_seconds)

    async def prepare(self) -> None:
        """Find or make the data key. Raises `WrongMasterKey` or `KeyStateLost`, see `KeyVault.prepare`."""
        await asyncio.to_thread(self._prepare)

    async def encrypt(self, values: Mapping[str, Any], *, lookup: Collection[str] = ()) -> dict[str, Any]:
        """Each value as it is stored: text, numbers, dates (kept as ISO text), moments, None, lists and dicts.

        Fields named in `lookup` (text only) are deterministic, so that `lookup(value)` finds them. What is stored for them is no
        condition of a query: while keys change it is an array.
        """
        return (await self.encrypt_all([values], lookup=lookup))[0]

    async def encrypt_all(self, groups: Sequence[Mapping[str, Any]], *, lookup: Collection[str] = ()) -> list[dict[str, Any]]:
        """Several groups in one hop."""
        return await asyncio.to_thread(lambda: [self._encrypt(values, lookup) for values in groups])

    async def decrypt(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values again; what is not encrypted is handed back as it is."""
        return (await self.decrypt_all([values]))[0]

    async def decrypt_all(self, groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Several groups in one hop."""
        return await asyncio.to_thread(lambda: [{name: self._decrypt(value) for name, value in group.items()} for group in groups])

    async def decrypt_each(self, values: Sequence[Any]) -> list[Any]:
        """Each value in one hop; `UNREADABLE` for one that somebody altered. What is not encrypted is handed back as it is."""
        return await asyncio.to_thread(self._decrypt_each, values)

    async def decrypt_nothing(self) -> str:
        """An empty text, after as much work as one value takes: for where nobody is to learn that there was nothing to decrypt."""
        return await asyncio.to_thread(self._decrypt_nothing)

    async def lookup(self, value: str) -> Operand:
        """The condition that finds `value` in a looked-up field."""
        return (await self.lookups({"value": value}))["value"]

    async def lookups(self, values: Mapping[str, str]) -> dict[str, Operand]:
        """The condition for each value, in one hop."""
        return await asyncio.to_thread(lambda: {name: self._operand(value) for name, value in values.items()})

    async def aclose(self) -> None:
        """Close the key vault's connections."""
        await asyncio.to_thread(self._vault.close)

    def _prepare(self) -> None:
        asked_at = time.monotonic()
        self._known = self._vault.prepare(), asked_at

    def _encrypt(self, values: Mapping[str, Any], lookup: Collection[str]) -> dict[str, Any]:
        writing = self._writing()
        stored: dict[str, Any] = {}
        for name, value in values.items():
            if name not in lookup or value is None:
                stored[name] = self._vault.randomised(value, writing)
            elif isinstance(value, str):
                stored[name] = self._vault.looked_up(value, writing)
            else:
                raise TypeError(f"only text can be looked up, {name} is {type(value).__name__}")
        return stored

    def _decrypt(self, value: Any) -> Any:
        return self._vault.opened(value) if is_encrypted(value) or is_looked_up(value) else value

    def _decrypt_nothing(self) -> str:
        writing = self._writing()
        if self._nothing is None or self._nothing[0] != writing:  # what a key sealed opens no more once the key is gone
            self._nothing = writing, self._vault.randomised("", writing)
        return str(self._decrypt(self._nothing[1]))

    def _decrypt_each(self, values: Sequence[Any]) -> list[Any]:
        sealed = [place for place, value in enumerate(values) if is_encrypted(value) or is_looked_up(value)]
        newest = [value[-1] if isinstance(value, list) else value for value in map(values.__getitem__, sealed)]
        opened = list(values)
        for start in range(0, len(sealed), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            for place, clear in zip(sealed[some], self._decrypt_altered(newest[some]), strict=True):
                opened[place] = clear
        return opened

    def _decrypt_altered(self, values: Sequence[Binary]) -> list[Any]:
        """All at once; where that fails, one half after the other until the altered ones stand alone."""
        try:
            return self._vault.opened_all(values)
        except EncryptionError as error:
            if is_away(error):
                raise
        if len(values) == 1:
            return [UNREADABLE]
        half = len(values) // 2
        return [*self._decrypt_altered(values[:half]), *self._decrypt_altered(values[half:])]

    def _operand(self, value: str) -> Operand:
        sought = self._vault.looked_up(value, self._writing())
        return {"$in": sought} if isinstance(sought, list) else {"$eq": sought}

    def _writing(self) -> tuple[Binary, ...]:
        """The keys to write and to seek under, known to be right for less than the lease."""
        if self._known is None:
            raise RuntimeError("prepare() was not awaited")
        state, asked_at = self._known
        age = time.monotonic() - asked_at
        if age < self._refresh_seconds:
            return state.writing
        if not self._refreshing.acquire(blocking=age >= self._lease_seconds):
            return state.writing
        try:
            return self._refreshed(asked_at).writing
        except PyMongoError:
            if time.monotonic() - asked_at >= self._lease_seconds:
                raise
            return state.writing
        finally:
            self._refreshing.release()

    def _refreshed(self, known_at: float) -> KeyState:
        if self._known is not None and self._known[1] > known_at:  # somebody else was faster
            return self._known[0]
        asked_at = time.monotonic()
        state = self._vault.state()
        self._known = state, asked_at
        return state


def fits(operand: Operand, stored: Any) -> bool:
    """Whether a stored looked-up value is one that the condition finds."""
    sought = operand["$in"] if "$in" in operand else [operand["$eq"]]
    return any(item in sought for item in (stored if isinstance(stored, list) else [stored]))
