"""Generated requests, good and bad, against every operation: never a 5xx, and every answer is one the document describes.

Values at every limit of every field are tried in any case; `OPENAPI_EXAMPLES` sets how many random requests each operation gets besides.
"""

import asyncio
import importlib
import json
import os
import re
import sys
from uuid import uuid4

import pytest

from contracts.roles import Role
from tests.identity.conftest import QUICK_HASHES
from tests.support import Infra, Signer, component, service_environment

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "2"))
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
LIMITED = {
    "identity": (
        *("registration", "registration-code", "registration-email", "registration-password"),
        *("sign-in", "sign-in-code", "tokens", "staff", "step-up", "step-up-code", "unlock"),
        *("registration-upload-token", "registration-step", "consents", "erasures", "data-exports"),
        *("password-reset", "password-reset-code", "password", "passkey-sign-in", "passkey-assertion"),
    ),
    "applications": (
        *("appeals", "certificate-file-verification", "certificate-verification", "exports", "figures", "next-review", "notes", "packets"),
        *("published-keys", "registry-exports", "share-views", "shares", "status-lists"),
    ),
    "documents": ("upload",),
    "notifications": ("stream",),
    "support": ("tickets", "messages"),
}
"""Rates that would answer 429 to most generated requests."""
_RUN = """
from schemathesis import serializer
from schemathesis.cli import schemathesis

serializer.alias("application/pdf", "application/octet-stream")  # a body of this type alone could not be sent else
schemathesis()
"""
ENDLESS = "/api/notifications/stream"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("service", sorted(LIMITED))
async def test_the_service_keeps_to_its_openapi_document(infra: Infra, signer: Signer, service: str) -> None:
    main = importlib.import_module(f"services.{service}.main")
    settings = importlib.import_module(f"services.{service}.settings")
    async with (
        service_environment(infra, service, **QUICK_HASHES, **_without_rates(service)) as env,
        component(main.create_app, settings.Settings, env) as running,
    ):
        headers = signer.headers(uuid4(), *Role)
        # One worker: CPython 3.11 fails now and then when several threads parse source, as generating examples does.
        command = [
            *("run", f"{running.url}/api/{service}/openapi.json", "--url", running.url, "--no-color"),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--generation-deterministic"),
            *("--exclude-path", ENDLESS, "--request-timeout", "30", "--warnings", "off"),
            *("--header", f"Authorization:{headers['Authorization']}", "--workers", "1"),
        ]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _RUN, *command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output[-6_000:]
    assert re.search(r"[1-9]\d* generated", output), output[-2_000:]


def _without_rates(service: str) -> dict[str, str]:
    return {f"{service.upper()}_RATE_LIMITS": json.dumps(dict.fromkeys(LIMITED[service], "100000/second"))}
