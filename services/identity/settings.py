"""Settings of identity, read once in `main.py`."""

import ipaddress
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import Seconds, ServiceSettings, TimeZone

ProviderKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures with two keys; anything else cannot be allowed of a provider."""
Signature = Annotated[str, StringConstraints(pattern=f"^({'|'.join(SIGNATURES)})$")]


class OidcClaims(BaseModel):
    """What a provider calls the facts we need; `verified` names a claim that must be true, if the provider has one."""

    model_config = ConfigDict(extra="forbid")

    snils: str = "snils"
    surname: str = "family_name"
    given_name: str = "given_name"
    birth_date: str = "birthdate"
    verified: str | None = None


class OidcProvider(BaseModel):
    """One OpenID Connect provider. We prove who we are by `client_secret` or by `client_key`, a private JWK with `alg` and `kid`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    title: str = Field(min_length=1, max_length=100)
    issuer: str = Field(pattern=r"^https?://[^\s?#]+$")
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: SecretStr | None = None
    client_key: SecretStr | None = None
    scopes: tuple[str, ...] = ("openid",)
    algorithms: tuple[Signature, ...] = Field(default=("RS256", "PS256", "ES256", "Ed25519"), min_length=1)
    claims: OidcClaims = OidcClaims()

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        if (self.client_secret is None) == (self.client_key is None):
            raise ValueError("give client_secret or client_key, one of them")
        if "openid" not in self.scopes:
            raise ValueError("the scopes must have openid")
        return self


class Settings(ServiceSettings):
    """Every limit and term of identity; the defaults are the product's, none is quoted to people as law."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    pepper: SecretStr = Field(min_length=32)
    """Secret of the keyed hashes of codes, tokens and the access log; never stored beside what it protects."""

    registries_url: str
    """Base URL below which each registry answers at `/<registry>/checks`."""
    registry_urls: dict[str, str] = Field(default_factory=dict)
    """Registries that live elsewhere: name to base URL."""
    registry_timeout_seconds: Seconds = 5
    registry_tries: int = Field(default=3, ge=1)
    registry_retry_wait_seconds: Seconds = 0.2
    registry_breaker_failures: int = Field(default=5, ge=1)
    registry_breaker_seconds: Seconds = 30

    verification_limit_hours: Seconds = 24
    verification_backoff_seconds: Seconds = 60
    verification_backoff_limit_seconds: Seconds = 3600
    correction_working_days: int = Field(default=10, ge=1)
    correction_reminder_days: int = Field(default=2, ge=1)
    """How long before the end of the term of correction a person is reminded."""
    working_time_zone: TimeZone = "Europe/Moscow"

    profile_change_minutes: Seconds = 30
    """How long a proposed change of a profile waits for its confirmation."""
    signature_trusted_cas: Path | None = None
    """Certification authorities whose signatures are accepted: a PEM or DER file, or a folder of them. None refuses all signatures."""
    signature_crls: Path | None = None
    """Lists of revoked certificates: a PEM or DER file, or a folder of them."""
    signature_crl_required: bool = True
    """Refuse a certificate whose authority's list is missing or outdated."""
    signature_bytes: int = Field(default=65_536, ge=1024)
    signature_intermediates: int = Field(default=3, ge=0)
    """Most authorities between a certificate and a trusted one."""
    signature_timeout_seconds: Seconds = 5
    signature_at_once: int = Field(default=4, ge=1)

    registration_keep_days: int = Field(default=30, ge=1)
    registration_token_hours: Seconds = 24
    upload_token_seconds: Seconds = 300
    """How long a registrant may upload scans before asking for another limited token."""
    consents_required: dict[str, str] = Field(default_factory=lambda: {"terms": "1", "personal-data": "1"})
    """Documents a person must agree to and their current versions. A newer version asks everybody and blocks nothing."""
    consent_withdrawals: dict[str, Literal["erases", "refused", "allowed"]] = Field(default={"personal-data": "erases", "terms": "refused"})
    """What withdrawing a consent does: `erases` the account, is `refused`, or (the rest) is `allowed`."""

    data_export_wait_hours: Seconds = 24
    """How long services' parts of an export are waited for; what is missing then is named."""
    data_export_keep_days: int = Field(default=7, ge=1)
    data_exports_an_hour: int = Field(default=5, ge=1)
    """Exports one person may begin within an hour; refused requests do not count."""

    erasure_cooling_off_days: int = Field(default=7, ge=0)
    """How long a person may think better of being erased."""
    retention_application_years: int = Field(default=5, ge=0)
    """How long an application is kept after it was refused or withdrawn."""
    retention_certificate_years: int = Field(default=5, ge=0)
    """How long a certificate is kept after its validity."""
    retention_source: str = "номенклатура дел оператора"
    """The ground of both terms, as people are told it."""

    passport_first_age: int = Field(default=14, ge=1)
    passport_change_ages: tuple[int, ...] = (20, 45)
    passport_grace_days: int = Field(default=90, ge=0)
    passport_since: date = date(1997, 10, 1)
    """Passports issued before are no longer good. Source: statute of the passport of a citizen, government decree 828 of 8 July 1997."""
    licence_first_age: int = Field(default=18, ge=1)
    """Of a person who holds a licence: full legal capacity."""
    licence_since: date = date(1991, 6, 28)
    """No licence is older. Source: law 1499-1 of 28 June 1991 on medical insurance, article 21."""

    code_digits: int = Field(default=6, ge=4, le=10)
    code_seconds: Seconds = 300
    code_tries: int = Field(default=5, ge=1)
    code_resend_seconds: Seconds = 60
    code_daily: int = Field(default=10, ge=1)

    totp_issuer: str = Field(default="Медкабинет", min_length=1, pattern="^[^:]+$")
    """The name under which authenticator apps list the account."""
    totp_window_steps: int = Field(default=1, ge=0, le=10)
    """How many steps of 30 s a phone's clock may be off, either way."""
    totp_setup_seconds: Seconds = 600
    trusted_device_days: int = Field(default=30, ge=1)
    trusted_devices: int = Field(default=10, ge=1, le=100)
    """Devices a person may trust at once; one more makes the oldest ask for a code again."""
    recovery_codes: int = Field(default=10, ge=1, le=100)

    failure_window_seconds: Seconds = 900
    failures_slow: int = Field(default=5, ge=1)
    failure_slow_seconds: Seconds = 10
    """Pause before the next try once `failures_slow` is reached; doubles with each further failure."""
    failures_lock: int = Field(default=10, ge=1)
    failure_lock_seconds: Seconds = 900

    stranger_refusal_keep_days: int = Field(default=30, ge=1)
    """How long refused sign-ins are kept whose identifier no account has; they belong to nobody's access log."""

    password_length: int = Field(default=12, ge=8)
    password_guesses: float = Field(default=1e8, ge=1e6)
    """Fewest guesses a password must stand, as zxcvbn estimates them."""
    argon2_time_cost: int = Field(default=3, ge=1)
    argon2_memory_kib: int = Field(default=65536, ge=64)
    argon2_parallelism: int = Field(default=1, ge=1)
    argon2_at_once: int = Field(default=4, ge=1)
    """Hashes computed at the same time; each holds `argon2_memory_kib`."""
    argon2_niceness: int = Field(default=5, ge=0, le=19)
    """How far the threads that hash yield to everything else; 0 is not at all."""

    access_block_rows: int = Field(default=200, ge=1, le=2000)
    """Rows of the access log sealed at once."""
    access_told_blocks: int = Field(default=1000, ge=1)
    """After how many blocks of a day that is not over the archive is told where the chain stands."""
    access_seal_seconds: Seconds = 2
    """How often rows of the access log are sealed. A row that is removed before leaves no trace; a short time makes many small blocks."""
    access_lease_seconds: Seconds = 10
    """How long one process stays the one that seals; after a crash the next one takes over when it ends."""
    watch_refusals: int = Field(default=20, ge=2)
    """Refused sign-ins of one account within the window after which its owner is told, also when it was never locked."""
    watch_refusal_window_seconds: Seconds = 86400
    watch_people: int = Field(default=50, ge=2)
    """Different people whose records one member of staff read within the window, after which auditors and administrators are told."""
    watch_reading_window_seconds: Seconds = 3600
    watch_device_days: int = Field(default=180, ge=1)
    """How long a device stays known after its last sign-in."""
    watch_devices: int = Field(default=30, ge=1)
    """Devices remembered for one person, the latest ones."""
    access_alarm_seconds: Seconds = 60
    """How long rows may wait for being sealed before it is an alarm."""
    passkey_rp_id: str | None = None
    """Domain that passkeys are for; None for that of PUBLIC_URL. Changing it makes every passkey useless."""
    passkey_rp_name: str = Field(default="Медкабинет", min_length=1)
    """What authenticators call us."""
    passkey_origins: tuple[str, ...] = ()
    """Origins (`https://host`) of the pages that may use passkeys; none for that of PUBLIC_URL."""
    passkey_seconds: Seconds = 300
    """How long an authenticator may take to answer."""
    passkeys_per_person: int = Field(default=10, ge=1, le=100)

    access_token_seconds: Seconds = 300
    idle_practitioner_seconds: Seconds = 900
    idle_staff_seconds: Seconds = 600
    session_seconds: Seconds = 43200
    sessions_per_person: int = Field(default=20, ge=1, le=100)
    """Sessions of one account open at once; one more ends the oldest."""
    session_keep_days: int = Field(default=30, ge=1)
    signing_key_days: Seconds = 30
    signing_key_lead_seconds: Seconds = 900
    """How long a new key is published before it signs, so that every cache knows it."""
    signing_key_cache_seconds: Seconds = 5

    oidc_providers: dict[ProviderKey, OidcProvider] = Field(default_factory=dict)
    """Providers people may sign in with, as JSON: key to title, issuer, client_id, client_secret (or client_key), scopes, algorithms
    and the names of the claims. Example: {"gosuslugi": {"title": "Госуслуги", "issuer": "https://...", "client_id": "...",
    "client_secret": "...", "scopes": ["openid", "snils"], "claims": {"snils": "snils", "verified": "trusted"}}}."""
    oidc_redirect_uri: str | None = None
    """The cabinet's page to which providers send the browser back; empty for `<PUBLIC_URL>/portal-sign-in`."""
    oidc_timeout_seconds: Seconds = 4
    oidc_total_seconds: Seconds = 8
    """How long a provider is waited for in one step of a sign-in, with all tries; there are three steps in one request."""
    oidc_tries: int = Field(default=3, ge=1)
    oidc_retry_wait_seconds: Seconds = 0.2
    oidc_breaker_failures: int = Field(default=5, ge=1)
    oidc_breaker_seconds: Seconds = 15
    oidc_answer_bytes: int = Field(default=131_072, ge=4096)
    """Largest answer of a provider that is read."""
    oidc_cache_seconds: Seconds = 3600
    oidc_refetch_seconds: Seconds = 30
    """A key nobody has seen makes a provider's keys be fetched again, but not more often than this."""
    oidc_leeway_seconds: Seconds = 60
    """By how much a provider's clock may differ from ours."""
    portal_sign_in_seconds: Seconds = 600

    @model_validator(mode="after")
    def _providers_are_protected(self) -> Self:
        if self.environment == "production" and any(not one.issuer.startswith("https:") for one in self.oidc_providers.values()):
            raise ValueError("IDENTITY_OIDC_PROVIDERS: the issuer of a provider must begin with https:")
        return self

    @property
    def relying_party_id(self) -> str:
        """The domain passkeys are for. A bare network address cannot be one, so on this machine it is `localhost`."""
        return self.passkey_rp_id or _domain(urlsplit(self.public_url).hostname or "")

    @property
    def relying_party_origins(self) -> tuple[str, ...]:
        """Where passkeys may be used."""
        cabinet = urlsplit(self.public_url)
        port = "" if cabinet.port is None else f":{cabinet.port}"
        return self.passkey_origins or (f"{cabinet.scheme}://{_domain(cabinet.hostname or '')}{port}",)

    @model_validator(mode="after")
    def _passkeys_are_for_our_own_pages(self) -> Self:
        for origin in self.relying_party_origins:
            page = urlsplit(origin)
            is_below = f".{page.hostname}".endswith(f".{self.relying_party_id}")
            if not is_below or page.path or page.scheme not in ("https", "http"):
                raise ValueError(f"PASSKEY_ORIGINS: {origin!r} is no origin at or below the domain {self.relying_party_id!r}")
            if self.environment == "production" and page.scheme != "https":
                raise ValueError(f"PASSKEY_ORIGINS: browsers offer passkeys over https only, not at {origin!r}")
        return self


def _domain(host: str) -> str:
    try:
        return "localhost" if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host
