"""Personal fields at rest: MongoDB's explicit client-side encryption with one data key per service, wrapped by the master key."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, Self, TypeVar

from bson.binary import STANDARD, Binary
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, MongoClient
from pymongo.encryption_shared import Algorithm
from pymongo.errors import DuplicateKeyError, EncryptionError
from pymongo.synchronous.encryption import ClientEncryption

from chassis.settings import ServiceSettings

KEY_VAULT = "__keyVault"
KEY_NAME = "personal"
MASTER_KEY_BYTES = 96
ENCRYPTED_SUBTYPE = 6
_KEY_CACHE_MILLIS = 600_000
_NONE = {"is_none": True}

Result = TypeVar("Result")


class WrongMasterKey(ValueError):
    """The master key of the settings is malformed or does not open this database's data key."""


class FieldCipher:
    """Encrypts and decrypts fields. Works in a thread, one hop per call however many fields there are."""

    def __init__(
        self, mongo_url: str, database: str, master_key: str, *, timeout_seconds: float = 8, server_selection_seconds: float = 2.5
    ) -> None:
        """`master_key` is base64 of 96 bytes; `WrongMasterKey` if it is not. Nothing is connected yet."""
        kms = {"local": {"key": _master_key_bytes(master_key)}}
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            connect=False,
            serverSelectionTimeoutMS=int(server_selection_seconds * 1000),
            timeoutMS=int(timeout_seconds * 1000),
            uuidRepresentation="standard",
        )
        self._vault = self._client[database][KEY_VAULT]
        options: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=STANDARD, tz_aware=True)
        self._encryption: ClientEncryption[dict[str, Any]] = ClientEncryption(
            kms,
            f"{database}.{KEY_VAULT}",
            self._client,
            options,
            key_expiration_ms=_KEY_CACHE_MILLIS,
        )
        self._key_id: Binary | None = None

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The cipher of one service."""
        return cls(
            settings.mongo_url.get_secret_value(),
            settings.mongo_database,
            settings.field_master_key.get_secret_value(),
            timeout_seconds=settings.mongo_timeout_seconds,
            server_selection_seconds=settings.mongo_server_selection_seconds,
        )

    async def prepare(self) -> None:
        """Find or make the data key; replicas that start together agree on one. `WrongMasterKey` when it cannot be opened."""
        await asyncio.to_thread(self._prepare)

    async def encrypt(self, values: Mapping[str, Any], *, lookup: Collection[str] = ()) -> dict[str, Binary]:
        """Ciphertext of each value: text, numbers, dates (kept as ISO text), moments, None, lists and dicts.

        Fields named in `lookup` (text only) are deterministic, so that `lookup(value)` finds them.
        """
        return await asyncio.to_thread(self._encrypt_all, values, lookup)

    async def decrypt(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values again; what is not encrypted is handed back as it is."""
        return await asyncio.to_thread(self._decrypt_all, values)

    async def lookup(self, value: str) -> Binary:
        """The deterministic ciphertext of `value`, for a query by equality."""
        return await asyncio.to_thread(self._encrypt, value, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic)

    async def aclose(self) -> None:
        """Close the key vault's connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._encryption.close()
        self._client.close()

    def _prepare(self) -> None:
        self._vault.create_index(
            [("keyAltNames", ASCENDING)], name="key_alt_names", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )
        if self._encryption.get_key_by_alt_name(KEY_NAME) is None:
            try:
                self._encryption.create_data_key("local", key_alt_names=[KEY_NAME])
            except (DuplicateKeyError, EncryptionError) as error:
                if not _is_duplicate(error):
                    raise
        key = self._encryption.get_key_by_alt_name(KEY_NAME)
        if key is None:
            raise WrongMasterKey(f"the data key {KEY_NAME!r} vanished from {KEY_VAULT}")
        self._key_id = key["_id"]
        _opening(lambda: self._encrypt("probe", Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic))

    def _encrypt_all(self, values: Mapping[str, Any], lookup: Collection[str]) -> dict[str, Binary]:
        return {name: self._encrypt_field(name, value, is_lookup=name in lookup) for name, value in values.items()}

    def _encrypt_field(self, name: str, value: Any, *, is_lookup: bool) -> Binary:
        if is_lookup and value is not None:
            if not isinstance(value, str):
                raise TypeError(f"only text can be looked up, {name} is {type(value).__name__}")
            return self._encrypt(value, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic)
        return self._encrypt(_storable(value), Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random)

    def _encrypt(self, value: Any, algorithm: Algorithm) -> Binary:
        if self._key_id is None:
            raise RuntimeError("prepare() was not awaited")
        return self._encryption.encrypt(value, algorithm, key_id=self._key_id)

    def _decrypt_all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._decrypt(value) for name, value in values.items()}

    def _decrypt(self, value: Any) -> Any:
        if not isinstance(value, Binary) or value.subtype != ENCRYPTED_SUBTYPE:
            return value
        clear = self._encryption.decrypt(value)
        return None if clear == _NONE else clear


def _storable(value: Any) -> Any:
    if value is None:
        return _NONE
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: item if item is None else _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if item is None else _storable(item) for item in value]
    return value


def _master_key_bytes(master_key: str) -> bytes:
    try:
        key = base64.b64decode(master_key, validate=True)
    except (binascii.Error, ValueError):
        raise WrongMasterKey("FIELD_MASTER_KEY is not base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise WrongMasterKey(f"FIELD_MASTER_KEY has {len(key)} bytes, {MASTER_KEY_BYTES} are needed")
    return key


def _opening(use: Callable[[], Result]) -> Result:
    try:
        return use()
    except EncryptionError as error:
        if "HMAC" in str(error):
            raise WrongMasterKey("FIELD_MASTER_KEY does not open the data key of this database: it was made with another one") from None
        raise


def _is_duplicate(error: DuplicateKeyError | EncryptionError) -> bool:
    return isinstance(error, DuplicateKeyError) or isinstance(error.cause, DuplicateKeyError)
