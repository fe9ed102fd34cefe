"""The complete environment of one service under test, with a database, virtual host and buckets of its own."""

import asyncio
import base64
import json
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from deploy.local import development_pki
from deploy.local.development_secrets import credential_keys
from tests.support.infra import Infra
from tests.support.signer import Signer

_signers: list[Signer] = []


@contextmanager
def use_signer(signer: Signer) -> Iterator[None]:
    """Let every environment made meanwhile trust the signer."""
    _signers.append(signer)
    try:
        yield
    finally:
        _signers.remove(signer)


def environment(infra: Infra, service: str, **overrides: str) -> dict[str, str]:
    """Everything the service reads from its environment; `overrides` by their full names. Its stores go at the end of the run."""
    unique = f"test-{infra.run}-{secrets.token_hex(3)}"
    clock = Path(tempfile.mkdtemp(prefix=f"{unique}-", dir=infra.folder)) / "clock.json"
    common = {
        "ENVIRONMENT": "development",
        "LOG_LEVEL": "warning",
        "PUBLIC_URL": "http://cabinet.test",
        "SANDBOX_CLOCK_FILE": str(clock),
        "SEALED_KEY_RING": json.dumps({"active": "test", "keys": {"test": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}}),
        "JWKS_URL": _signers[-1].jwks_url,
    }
    own = {
        "PORT": "8000",
        "MONGO_URL": infra.mongo_url,
        "MONGO_DATABASE": f"{unique}-{service}".replace("-", "_"),
        "AMQP_URL": f"{infra.amqp_url}/{infra.take_vhost()}",
        "FIELD_MASTER_KEY": base64.b64encode(secrets.token_bytes(96)).decode(),
        "RETRY_DELAYS_SECONDS": "[0.2, 0.4]",
        "RELAY_POLL_SECONDS": "1",
        "RELAY_PARKED_SECONDS": "2",
        "TIMER_POLL_SECONDS": "0.2",
    }
    own |= _specific(infra, service, unique)
    return common | {f"{service.upper()}_{name}": value for name, value in own.items()} | overrides


@asynccontextmanager
async def service_environment(infra: Infra, service: str, **overrides: str) -> AsyncIterator[dict[str, str]]:
    """`environment`, whose stores are removed afterwards."""
    made = await asyncio.to_thread(environment, infra, service, **overrides)
    try:
        yield made
    finally:
        await forget(infra, service, made)


async def forget(infra: Infra, service: str, made: Mapping[str, str]) -> None:
    """Remove the stores of an environment."""
    database = made[f"{service.upper()}_MONGO_DATABASE"]
    infra.give_back(made[f"{service.upper()}_AMQP_URL"].rpartition("/")[2])
    await infra.drop_database(database)
    await infra.drop_buckets(database.rpartition("_")[0].replace("_", "-"))
    await asyncio.to_thread(shutil.rmtree, Path(made["SANDBOX_CLOCK_FILE"]).parent, ignore_errors=True)


def _signing(infra: Infra) -> dict[str, str]:
    signing = str(development_pki.load_or_invent(infra.folder / "signing"))
    own = {"CREDENTIAL_KEYS": credential_keys("k1"), "TOKEN_KEY": secrets.token_urlsafe(48)}
    return {"SIGNING_KEY_FILE": signing, "SIGNING_CERTIFICATES_FILE": signing, **own}


def _specific(infra: Infra, service: str, unique: str) -> dict[str, str]:
    objects = {
        "S3_ENDPOINT": infra.s3_endpoint,
        "S3_ACCESS_KEY": infra.s3_access_key,
        "S3_SECRET_KEY": infra.s3_secret_key,
        "S3_SECURE": "false",
    }
    clamd_host, _, clamd_port = infra.clamd.rpartition(":")
    clamd = {"CLAMD_HOST": clamd_host, "CLAMD_PORT": clamd_port}
    specific = {
        "identity": {"PEPPER": secrets.token_urlsafe(48), "REGISTRIES_URL": "http://registries.test"},
        "applications": objects | {"BUCKET": f"{unique}-applications"} | _signing(infra),
        "documents": objects | {"BUCKET": f"{unique}-documents", "QUARANTINE_BUCKET": f"{unique}-quarantine"} | clamd,
        "notifications": {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": "25",
            "SMTP_SECURITY": "none",
            "SMS_URL": "http://sms.test/messages",
        },
    }
    return specific.get(service, {})
