"""A software authenticator: makes ES256 keys and signs with them, right or as wrong as a test asks for."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

Json = dict[str, Any]

ORIGIN, RP_ID = "http://cabinet.test", "cabinet.test"
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Answering:
    """How an answer is made; the defaults are what an honest browser and authenticator do."""

    origin: str = ORIGIN
    rp_id: str = RP_ID
    flags: int = PRESENT | VERIFIED
    challenge: str | None = None
    """Another one than was asked with."""
    kind: str | None = None
    """Another ceremony than was asked for."""
    is_cross_origin: bool = False

    def client_data(self, challenge: str, kind: str) -> bytes:
        body = {
            "type": self.kind or kind,
            "challenge": self.challenge or challenge,
            "origin": self.origin,
            "crossOrigin": self.is_cross_origin,
        }
        return json.dumps(body).encode()

    def authenticator_data(self, count: int, *, flags: int = 0, attested: bytes = b"") -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags | flags]) + count.to_bytes(4, "big") + attested


HONEST = Answering()


@dataclass
class Authenticator:
    """One device with one resident key. `counts` is whether it keeps a counter."""

    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes | None = None
    count: int = 0
    counts: bool = True

    def clone(self) -> "Authenticator":
        """A copy that knows the key and the counter of this moment."""
        return replace(self)

    def create(self, options: Json, how: Answering = HONEST) -> Json:
        """As `navigator.credentials.create` answers."""
        self.user_handle = decoded(options["user"]["id"])
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self.public_key()
        data = how.authenticator_data(self.count, flags=ATTESTED, attested=attested)
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": encoded(how.client_data(options["challenge"], "webauthn.create")),
            "attestationObject": encoded(cbor2.dumps(statement)),
            "transports": ["internal", "hybrid"],
            "publicKeyAlgorithm": -7,
        }
        return self._credential(response)

    def get(self, options: Json, how: Answering = HONEST) -> Json:
        """As `navigator.credentials.get` answers."""
        self.count += self.counts
        client_data = how.client_data(options["challenge"], "webauthn.get")
        data = how.authenticator_data(self.count)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(client_data),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": None if self.user_handle is None else encoded(self.user_handle),
        }
        return self._credential(response)

    def public_key(self) -> bytes:
        """As a COSE key."""
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})

    def _credential(self, response: Json) -> Json:
        return {
            "id": encoded(self.credential_id),
            "rawId": encoded(self.credential_id),
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
