"""A key in a hardware security module, behind PKCS#11: it signs and is never seen."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pkcs11
from cryptography import x509
from pkcs11.exceptions import PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, PKCS11Error, UserAlreadyLoggedIn

from chassis.errors import Outage
from services.applications.gateways.signing.keys import SigningUnusable, chain_of

_PIN_REFUSED = (PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked)
_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Device:
    """Where the key is."""

    module: Path
    token: str
    key_label: str
    pin_file: Path


@dataclass
class HsmSigner:
    """One session, kept open, one signature at a time: looking a key up takes longer than signing.

    A session that broke is opened again once, then `Outage` lets the work wait. A PIN that was refused is never tried again before a
    restart: after a few wrong ones a device locks itself.
    """

    device: Device
    certificates_file: Path
    turn_seconds: float = 10
    """How long a signature waits for the one before it: a device that hangs must not take every thread."""
    chain: tuple[x509.Certificate, ...] = field(init=False)
    _key: Any = field(init=False, default=None)
    _session: Any = field(init=False, default=None)
    _is_pin_refused: bool = field(init=False, default=False)
    _turn: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises `SigningUnusable` for a chain that is none; that the key is its key is tried with the first structure."""
        self.chain = chain_of(self.certificates_file)

    def sign(self, content: bytes) -> bytes:
        """RSA PKCS#1 v1.5 over SHA-256. Raises `Outage`, `SigningUnusable`."""
        if not self._turn.acquire(timeout=self.turn_seconds):
            raise Outage("Устройство подписи не отвечает: оно занято.", retry_after_seconds=_WAIT_SECONDS)
        try:
            return self._twice(content)
        finally:
            self._turn.release()

    def _twice(self, content: bytes) -> bytes:
        try:
            return self._signed(content)
        except PKCS11Error:
            self._leave()
        try:
            return self._signed(content)
        except PKCS11Error as error:
            self._leave()
            raise Outage(f"Устройство подписи не отвечает: {type(error).__name__}.", retry_after_seconds=_WAIT_SECONDS) from None

    def _signed(self, content: bytes) -> bytes:
        if self._key is None:
            self._open()
        return bytes(self._key.sign(content, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))

    def _open(self) -> None:
        if self._is_pin_refused:
            raise SigningUnusable("the PIN of the signing device was refused; it is not tried again")
        try:
            token = pkcs11.lib(str(self.device.module)).get_token(token_label=self.device.token)
            self._session = _entered(token, self.device.pin_file.read_text().strip())
        except _PIN_REFUSED as error:
            self._is_pin_refused = True
            raise SigningUnusable(f"the PIN of the signing device was refused: {type(error).__name__}") from None
        except OSError as error:
            raise SigningUnusable(f"{self.device.pin_file} cannot be read: {error.strerror}") from None
        self._key = self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self.device.key_label)

    def _leave(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                return  # it was closed already, which is why we leave


def _entered(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin)
    except UserAlreadyLoggedIn:  # a whole process is logged in or is not
        return token.open()
