"""The file of published keys, as `GET /api/applications/.well-known/jwks.json` answers."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509 import Certificate, load_der_x509_certificate

_LARGEST_BYTES = 1024 * 1024


class KeysUnusable(ValueError):
    """The file does not hold what is needed."""


@dataclass(frozen=True)
class Keys:
    """Whose signatures count."""

    of_codes: dict[str, Ed25519PublicKey]
    addresses: tuple[str, ...]
    """What the addresses in codes begin with."""
    roots: tuple[Certificate, ...]
    """Where the certificates of document signatures have to lead."""

    @classmethod
    def read(cls, file: Path) -> Self:
        """The keys of a file. Raises `KeysUnusable`."""
        try:
            if file.stat().st_size > _LARGEST_BYTES:
                raise KeysUnusable("Файл ключей слишком велик.")
            return cls.of(json.loads(file.read_bytes()))
        except OSError as error:
            raise KeysUnusable(f"Файл ключей не читается: {error.strerror}.") from None
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            if isinstance(error, KeysUnusable):
                raise
            raise KeysUnusable("В файле нет набора ключей (JWK Set). Сохраните ответ /api/applications/.well-known/jwks.json.") from None

    @classmethod
    def of(cls, published: dict[str, Any]) -> Self:
        """The keys of a published set."""
        members = published["keys"]
        of_codes = {
            str(member["kid"]): Ed25519PublicKey.from_public_bytes(decoded(member["x"]))
            for member in members
            if (member["kty"], member.get("crv")) == ("OKP", "Ed25519")
        }
        roots = tuple(load_der_x509_certificate(base64.b64decode(member["x5c"][-1])) for member in members if member.get("x5c"))
        if not of_codes:
            raise KeysUnusable("В файле нет ни одного ключа Ed25519: кодов им не проверить.")
        return cls(of_codes, tuple(str(one) for one in published["verification_urls"]), roots)


def decoded(text: str) -> bytes:
    """Base64url without padding. Raises `ValueError` for anything else, spare bits too."""
    value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(value).rstrip(b"=").decode() != text:
        raise ValueError("not written as it was")
    return value
