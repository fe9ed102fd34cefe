"""The environment of each process of the local stack."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local import development_pki
from deploy.local.settings import LocalSettings
from deploy.simulators.settings import SimulatorsSettings

WITH_FILES = ("applications", "documents")
SHUTDOWN_SECONDS = 5
"""What a service gives its requests, and again its messages, when it stops."""


def clock_file(settings: LocalSettings) -> Path:
    """The file that says how far everybody's clock was moved."""
    return settings.data_dir.resolve() / "clock.json"


def service_environment(settings: LocalSettings, secrets: Mapping[str, str], service: str) -> dict[str, str]:
    """What the service reads from its environment."""
    common = {
        "ENVIRONMENT": "development",
        "LOG_LEVEL": settings.log_level,
        "PUBLIC_URL": settings.url,
        "SANDBOX_CLOCK_FILE": str(clock_file(settings)),
        "SEALED_KEY_RING": secrets["SEALED_KEY_RING"],
        "JWKS_URL": f"http://127.0.0.1:{settings.identity_port}/api/identity/.well-known/jwks.json",
        **({"OTLP_ENDPOINT": settings.otlp_endpoint} if settings.otlp_endpoint else {}),
    }
    own = {
        "HOST": "127.0.0.1",
        "PORT": str(settings.port_of(service)),
        "RELAY_POLL_SECONDS": "1",
        "SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS),
        "MONGO_URL": f"mongodb://127.0.0.1:{settings.mongo_port_of(service)}/?directConnection=true",
        "MONGO_DATABASE": service,
        "AMQP_URL": f"amqp://guest:guest@127.0.0.1:{settings.rabbitmq_port}/",
        "FIELD_MASTER_KEY": secrets[f"{service.upper()}_FIELD_MASTER_KEY"],
        **(_files(settings, secrets) if service in WITH_FILES else {}),
        **_specific(settings, secrets).get(service, {}),
    }
    return common | {f"{service.upper()}_{name}": value for name, value in own.items()}


def worker_environment(settings: LocalSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    """What the worker of documents reads: the settings of its service, on a port of its own."""
    return service_environment(settings, secrets, "documents") | {"DOCUMENTS_PORT": str(settings.port_of("documents-worker"))}


def simulators_environment(settings: LocalSettings) -> dict[str, str]:
    """What the simulators read."""
    return {
        "SIMULATORS_PORT": str(settings.simulators_port),
        "SIMULATORS_SMTP_PORT": str(settings.smtp_port),
        "SIMULATORS_PUBLIC_URL": settings.simulators_url,
    }


def gateway_environment(settings: LocalSettings) -> dict[str, str]:
    """What the Caddyfile reads."""
    home = settings.data_dir.resolve() / "gateway"
    upstreams = {
        f"{service.upper()}_UPSTREAM": f"127.0.0.1:{settings.port_of(service)}"
        for service in ("identity", "applications", "documents", "notifications", "support")
    }
    return {"HOME": str(home), "GATEWAY_ADDRESS": f"http://:{settings.gateway_port}", "GATEWAY_HOST": settings.gateway_host, **upstreams}


def _files(settings: LocalSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    return {
        "S3_ENDPOINT": f"127.0.0.1:{settings.objects_port}",
        "S3_ACCESS_KEY": secrets["S3_ACCESS_KEY"],
        "S3_SECRET_KEY": secrets["S3_SECRET_KEY"],
        "S3_SECURE": "false",
    }


def _gosuslugi(settings: LocalSettings) -> dict[str, Any]:
    """The simulated state portal; it sends browsers back to the cabinet."""
    simulators = SimulatorsSettings()
    return {
        "title": "Госуслуги",
        "issuer": f"{settings.simulators_url}/esia",
        "client_id": simulators.client_id,
        "client_secret": simulators.client_secret,
        "claims": {"verified": "trusted"},
    }


def _specific(settings: LocalSettings, secrets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    signing = str(settings.data_dir.resolve() / "secrets" / development_pki.FILE)
    return {
        "applications": {
            "CREDENTIAL_KEYS": secrets["APPLICATIONS_CREDENTIAL_KEYS"],
            "SIGNING_KEY_FILE": signing,
            "SIGNING_CERTIFICATES_FILE": signing,
            "TOKEN_KEY": secrets["APPLICATIONS_TOKEN_KEY"],
        },
        "documents": {"CLAMD_HOST": "127.0.0.1", "CLAMD_PORT": str(settings.clamd_port)},
        "identity": {
            "PEPPER": secrets["IDENTITY_PEPPER"],
            "REGISTRIES_URL": f"{settings.simulators_url}/registries",
            "OIDC_PROVIDERS": json.dumps({"gosuslugi": _gosuslugi(settings)}),
        },
        "notifications": {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(settings.smtp_port),
            "SMTP_SECURITY": "none",
            "SMS_URL": f"{settings.simulators_url}/sms/messages",
        },
    }
