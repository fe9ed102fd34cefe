"""The key ring of codes and credentials: Ed25519 signatures in compact form (RFC 7515, RFC 8037)."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, RSAKey

ALGORITHM = "Ed25519"
"""RFC 9864's name. It is the only one accepted: the name in a header chooses nothing."""
_CURVE = "Ed25519"
_LONGEST_KEY_ID = 8
"""It stands in every QR code."""


class ForeignKey(ValueError):
    """Signed with a key that is not ours."""


class Altered(ValueError):
    """Not what was signed."""


class CredentialKeys:
    """The active private key and every public key that still verifies what is out there."""

    def __init__(self, active: OKPKey, key_id: str, public: Mapping[str, OKPKey]) -> None:
        self._active = active
        self.key_id = key_id
        self._public = dict(public)

    @classmethod
    def generate(cls, key_id: str = "k1") -> Self:
        """A ring of one fresh key."""
        key = OKPKey.generate_key("Ed25519")
        return cls(key, key_id, {key_id: key})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A JWK set: the private key that signs first, then older ones. Raises `ValueError` naming what is wrong, never a key."""
        try:
            members = json.loads(text)["keys"]
            keys = {
                _key_id(member): OKPKey.import_key({name: member[name] for name in ("kty", "crv", "x", "d") if name in member})
                for member in members
            }
        except _Unusable:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, JoseError):
            raise ValueError('credential keys must be a JWK set of Ed25519 keys like {"keys": [{"kty": "OKP", …}]}') from None
        if len(keys) != len(members):
            raise ValueError("two credential keys have one kid")
        if not keys or any(key.curve_name != _CURVE for key in keys.values()):
            raise ValueError("credential keys are Ed25519 keys, at least one")
        active = next(iter(keys))
        if not keys[active].is_private:
            raise ValueError(f"the first credential key, {active!r}, has to be private: it signs")
        return cls(keys[active], active, keys)

    def private_jwks(self) -> str:
        """The ring as JSON text, for a secret file."""
        rest = [self._member(key_id) for key_id in self._public if key_id != self.key_id]
        return json.dumps({"keys": [{**self._active.as_dict(private=True), "kid": self.key_id}, *rest]})

    def jwks(self) -> list[dict[str, Any]]:
        """What may be published: every public key."""
        return [self._member(key_id) for key_id in self._public]

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None) -> str:
        """The compact signature; `header` says more than algorithm and key, or names the key in another way."""
        signed = jws.serialize_compact(
            {"alg": ALGORITHM, "kid": self.key_id, **(header or {})}, payload, self._active, algorithms=[ALGORITHM]
        )
        return str(signed)

    def opened(self, token: str) -> bytes:
        """The payload of what one of our keys signed. Raises `ForeignKey`, `Altered`."""
        try:
            header = _header(token)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise Altered("the header cannot be read") from None
        key = self._public.get(str(header.get("kid")))
        if key is None:
            raise ForeignKey("the key is none of ours")
        try:
            found = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, LookupError, AttributeError):
            raise Altered("the signature does not fit") from None
        if not _is_canonical(token.rpartition(".")[2]):
            raise Altered("the signature is not written as it was")
        return found.payload

    def __repr__(self) -> str:
        return f"CredentialKeys(active={self.key_id!r}, keys={list(self._public)})"

    def _member(self, key_id: str) -> dict[str, Any]:
        return {**self._public[key_id].as_dict(private=False), "kid": key_id, "use": "sig", "alg": ALGORITHM}


def document_jwk(chain: Sequence[Certificate]) -> dict[str, Any]:
    """The key PDFs are signed with, with its certificates up to the root (RFC 7517, section 4.7)."""
    key = RSAKey.import_key(chain[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    certificates = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "RS256", "x5c": certificates}


class _Unusable(ValueError):
    pass


def _key_id(member: Mapping[str, Any]) -> str:
    key_id = member["kid"]
    if not isinstance(key_id, str) or not key_id.isascii() or not key_id.isalnum() or len(key_id) > _LONGEST_KEY_ID:
        raise _Unusable(f"the kid of a credential key has 1 to {_LONGEST_KEY_ID} latin letters and digits: it stands in every QR code")
    return key_id


def _header(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    if not isinstance(header, dict):
        raise TypeError("a header is an object")
    return header


def _is_canonical(part: str) -> bool:
    """Whether no spare bits are set: a signature has one way of being written, or one of its characters could be changed unseen."""
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))).rstrip(b"=").decode() == part
