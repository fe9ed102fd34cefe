"""The secrets of a local stack: invented once, kept in files only their owner can read, never in the repository."""

import base64
import json
import os
import secrets
from pathlib import Path

from joserfc.jwk import OKPKey

from deploy.local import development_pki
from deploy.local.settings import SERVICES


def load_or_invent(folder: Path) -> dict[str, str]:
    """Secrets by the name of their environment variable; those that are missing are invented and written with mode 0600.

    So are the signing key and its certificates, which are files for the service too.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    development_pki.load_or_invent(folder)
    return {name: _load_or_write(folder / name, value) for name, value in _fresh().items()}


def _fresh() -> dict[str, str]:
    ring = {"active": "local-1", "keys": {"local-1": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}}
    masters = {f"{service.upper()}_FIELD_MASTER_KEY": base64.b64encode(secrets.token_bytes(96)).decode() for service in SERVICES}
    return {
        "SEALED_KEY_RING": json.dumps(ring),
        "S3_ACCESS_KEY": f"local-{secrets.token_hex(6)}",
        "S3_SECRET_KEY": secrets.token_urlsafe(32),
        "PERSONAS_SEED": secrets.token_hex(16),
        "IDENTITY_PEPPER": secrets.token_urlsafe(48),
        "APPLICATIONS_CREDENTIAL_KEYS": credential_keys(),
        "APPLICATIONS_TOKEN_KEY": secrets.token_urlsafe(48),
        **masters,
    }


def credential_keys(key_id: str = "local1") -> str:
    """A ring of one fresh key for QR codes and credentials."""
    key = OKPKey.generate_key("Ed25519")
    return json.dumps({"keys": [{**key.as_dict(private=True), "kid": key_id}]})


def _load_or_write(file: Path, value: str) -> str:
    if not file.exists():
        fresh = file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            written.write(value)
        fresh.replace(file)
    return file.read_text()
