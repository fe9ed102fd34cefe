"""Settings of the local stack, prefix `LOCAL_`; every port and folder can be moved."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.ports import free_ports

Port = Annotated[int, Field(ge=1, le=65535)]

SERVICES = ("identity", "applications", "documents", "notifications", "support")
MODULES = {service: f"services.{service}.main" for service in SERVICES} | {"documents-worker": "services.documents.main.worker"}
"""The processes that are ours, by what `python -m` starts: every service, and the worker that checks files for documents."""
_MONGO_PORTS = 27101


class LocalSettings(BaseSettings):
    """Read from the environment; the defaults are the documented ports."""

    model_config = SettingsConfigDict(env_prefix="LOCAL_", extra="ignore")

    data_dir: Path = Path(".data")
    """Everything the stack keeps: stores, logs, secrets, personas."""
    public_url: str | None = None
    """Where people reach the cabinet, when that is not the gateway's own address."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None
    mongo: Literal["shared", "per-service"] = "shared"
    """One embedded MongoDB for all services, each with its own database, or one process for each."""

    gateway_host: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"
    """Who reaches the gateway: this machine only, or with 0.0.0.0 its network too."""
    gateway_port: Port = 8080
    identity_port: Port = 8101
    applications_port: Port = 8102
    documents_port: Port = 8103
    notifications_port: Port = 8104
    support_port: Port = 8105
    documents_worker_port: Port = 8113
    simulators_port: Port = 8190
    smtp_port: Port = 8191
    rabbitmq_port: Port = 5680
    rabbitmq_distribution_port: Port = 25680
    rabbitmq_mapper_port: Port = 4380
    identity_mongo_port: Port = _MONGO_PORTS
    applications_mongo_port: Port = _MONGO_PORTS + 1
    documents_mongo_port: Port = _MONGO_PORTS + 2
    notifications_mongo_port: Port = _MONGO_PORTS + 3
    support_mongo_port: Port = _MONGO_PORTS + 4
    objects_port: Port = 9080
    clamd_port: Port = 3320

    @classmethod
    def on_free_ports(cls, data_dir: Path, **changes: object) -> Self:
        """Settings of a stack beside others: every port is a free one."""
        names = [name for name in cls.model_fields if name.endswith("_port")]
        return cls.model_validate({"data_dir": data_dir, **dict(zip(names, free_ports(len(names)), strict=True)), **changes})

    @property
    def url(self) -> str:
        """The cabinet's address."""
        return (self.public_url or f"http://127.0.0.1:{self.gateway_port}").rstrip("/")

    @property
    def simulators_url(self) -> str:
        """The simulators' page."""
        return f"http://127.0.0.1:{self.simulators_port}"

    def port_of(self, process: str) -> int:
        """The port of a service or worker."""
        return int(getattr(self, f"{process.replace('-', '_')}_port"))

    def mongo_port_of(self, service: str) -> int:
        """The port of the store of a service."""
        return int(getattr(self, f"{SERVICES[0] if self.mongo == 'shared' else service}_mongo_port"))

    def ports_in_use(self) -> dict[str, int]:
        """Setting name to port, for all that will be listened on."""
        names = [name for name in type(self).model_fields if name.endswith("_port")]
        if self.mongo == "shared":
            names = [name for name in names if not name.endswith("_mongo_port") or name.startswith(SERVICES[0])]
        return {f"LOCAL_{name.upper()}": int(getattr(self, name)) for name in names}
