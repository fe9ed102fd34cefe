"""Master keys: what wraps the data keys. A ring of masters, each held by this process or by a server that speaks KMIP."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

MASTER_KEY_BYTES = 96
_UNNAMED = "local"
"""The name of a local master that was given alone."""
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_ENDPOINT = re.compile(r"[^\s:/]+:\d{1,5}")
_SHAPE = 'FIELD_MASTER_KEY must be base64 or JSON like {"active": "m2", "keys": {"local": "<base64>", "m2": "<base64>"}}'


class WrongMasterKey(ValueError):
    """The master key of the settings is malformed or does not open this database's data key."""


class Master(Protocol):
    """One master key, as a KMS provider of the driver."""

    @property
    def kind(self) -> str:
        """What the driver calls such providers."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """How the driver reaches it."""
        ...

    @property
    def tls(self) -> Mapping[str, str] | None:
        """TLS files for reaching it; None when it is not on the network."""
        ...

    @property
    def wrapping(self) -> dict[str, Any] | None:
        """Which of its keys wraps; None leaves it to the provider."""
        ...


@dataclass(frozen=True, slots=True)
class LocalMaster:
    """A master this process holds itself."""

    key: bytes = field(repr=False)
    kind = "local"
    tls = None
    wrapping = None

    @property
    def options(self) -> Mapping[str, Any]:
        """The key itself."""
        return {"key": self.key}


@dataclass(frozen=True, slots=True)
class KmipMaster:
    """A master that never leaves a KMIP server."""

    endpoint: str
    """`host:port`."""
    ca_file: str
    """PEM: who may vouch for the server."""
    certificate_file: str
    """PEM: the certificate we show, and its key."""
    key_id: str | None = None
    """Which secret of the server wraps; None lets each data key have one of its own there."""
    kind = "kmip"

    @property
    def options(self) -> Mapping[str, Any]:
        """Where the server is."""
        return {"endpoint": self.endpoint}

    @property
    def tls(self) -> Mapping[str, str]:
        """Who the server must be, and who we are."""
        return {"tlsCAFile": self.ca_file, "tlsCertificateKeyFile": self.certificate_file}

    @property
    def wrapping(self) -> dict[str, Any] | None:
        """The named secret."""
        return None if self.key_id is None else {"keyId": self.key_id}


@dataclass(frozen=True, slots=True)
class MasterRing:
    """Opens data keys by any of its masters and wraps by the active one."""

    active: str
    masters: Mapping[str, Master]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Base64 of 96 bytes, which is a ring of one master called `local`; or JSON with the active name and the masters by name.

        A master of the JSON is base64, or `{"kmip": "host:port", "ca_file": ..., "certificate_file": ..., "key_id": ...}` (the last is
        optional). Raises `WrongMasterKey` naming what is wrong, never a key.
        """
        if not text.lstrip().startswith("{"):
            return cls(_UNNAMED, {_UNNAMED: _master(_UNNAMED, text)})
        try:
            ring = json.loads(text)
        except ValueError:
            raise WrongMasterKey(_SHAPE) from None
        match ring:
            case {"active": str(active), "keys": dict(given)} if active in given:
                return cls(active, {name: _master(name, value) for name, value in given.items()})
            case {"active": str(), "keys": dict()}:
                raise WrongMasterKey("FIELD_MASTER_KEY: the active master is not among its keys")
        raise WrongMasterKey(_SHAPE)

    @property
    def wraps_by(self) -> str:
        """The driver's name of the active master."""
        return _provider(self.active, self.masters[self.active])

    @property
    def wrapping(self) -> dict[str, Any] | None:
        """Which key of the active master wraps."""
        return self.masters[self.active].wrapping

    @property
    def providers(self) -> dict[str, Mapping[str, Any]]:
        """The options of all masters by the driver's names."""
        return {_provider(name, master): master.options for name, master in self.masters.items()}

    @property
    def tls(self) -> dict[str, Mapping[str, str]]:
        """The TLS files of those on the network."""
        return {_provider(name, master): master.tls for name, master in self.masters.items() if master.tls is not None}


def _provider(name: str, master: Master) -> str:
    return name if name == master.kind else f"{master.kind}:{name}"


def _master(name: str, given: Any) -> Master:
    if not _NAME.fullmatch(name):
        raise WrongMasterKey(f"FIELD_MASTER_KEY: the name {name[:64]!r} is not of letters, digits and _ alone")
    match given:
        case str():
            return LocalMaster(_key_bytes(name, given))
        case {"kmip": str(endpoint), "ca_file": str(ca_file), "certificate_file": str(certificate_file)} if _ENDPOINT.fullmatch(endpoint):
            key_id = given.get("key_id")
            if set(given) <= {"kmip", "ca_file", "certificate_file", "key_id"} and (key_id is None or isinstance(key_id, str)):
                return KmipMaster(endpoint, ca_file, certificate_file, key_id)
    raise WrongMasterKey(
        f'FIELD_MASTER_KEY: {name!r} is neither base64 nor {{"kmip": "host:port", "ca_file": ..., "certificate_file": ...}}'
    )


def _key_bytes(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise WrongMasterKey(f"FIELD_MASTER_KEY: {name!r} is not base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise WrongMasterKey(f"FIELD_MASTER_KEY: {name!r} has {len(key)} bytes, {MASTER_KEY_BYTES} are needed")
    return key
