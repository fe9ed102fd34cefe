"""Settings of applications, prefix `APPLICATIONS_`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings, TimeZone


class Settings(ServiceSettings):
    """Terms are in working days of the production calendar unless their name says otherwise; those not set are in the tables of rules."""

    model_config = SettingsConfigDict(env_prefix="APPLICATIONS_", extra="ignore")

    bucket: str = "applications"
    """Generated PDFs."""
    link_minutes: int = Field(default=60, ge=1)
    """How long the link to the electronic document in an event works."""

    credential_keys: SecretStr
    """Ed25519 keys of QR codes and credentials, a JWK set: the private one that signs first, then older ones, whose signatures stay good
    for as long as they are listed. A `kid` has at most 8 letters and digits."""
    earlier_public_urls: tuple[str, ...] = ()
    """Former values of PUBLIC_URL: they stand in QR codes on paper."""
    issuer_id: str | None = None
    """The address by which credentials name who issued them; by default that of GET /issuer below PUBLIC_URL."""
    signing_certificates_file: Path
    """PEM: the certificate that certificates are signed with, then each issuer's, the root last. A change takes a restart."""
    signing_timeout_seconds: float = Field(default=10, gt=0)
    """How long one signature may take before the certificate waits for its next turn."""
    signing_key_file: Path | None = None
    """PEM: the RSA key of the first certificate, PKCS#8 without a password. Either this or a device behind PKCS#11."""
    signing_pkcs11_module: Path | None = None
    """The library of a hardware security module that holds the key."""
    signing_pkcs11_slot_label: str = ""
    """Label of the token in the slot."""
    signing_pkcs11_key_label: str = ""
    signing_pkcs11_pin_file: Path | None = None
    """Holds the PIN and nothing else."""

    token_key: SecretStr = Field(min_length=32)
    """What links to certificates and keys of employers are hashed with, at least 32 characters; another one voids all of them."""
    share_days_max: int = Field(default=90, ge=1, le=3660)
    """How long a link to a certificate may hold."""
    share_views_max: int = Field(default=1000, ge=1, le=100_000)
    shares_max: int = Field(default=20, ge=1, le=100)
    """Open links of one certificate."""
    share_keep_days: int = Field(default=90, ge=1)
    """How long its holder sees a link that is over. A change takes effect when the index is made anew."""

    bulk_rows_max: int = Field(default=1000, ge=1, le=10_000)
    """Rows of one table an employer may check at once."""
    consent_again_days: int = Field(default=30, ge=0)
    """How long an employer may not ask again after a refusal."""
    employer_change_days: int = Field(default=365, ge=1)
    """How long employers may fetch what they were told. A change takes effect when the index is made anew."""

    verification_days: int = Field(default=1095, ge=1)
    """How long holders see who verified their certificates. A change takes effect when the index is made anew."""
    verification_file_bytes_max: int = Field(default=2_097_152, ge=65_536, le=8_388_608)
    """Largest PDF taken for verification."""

    time_zone: TimeZone = "Europe/Moscow"
    """Whose working days and midnights count."""
    calendar_override_file: Path | None = None
    """TOML of the official production calendar: `holidays = ["YYYY-MM-DD", …]` and `working_days = […]`; it wins over the library."""
    rules_folder: Path | None = None
    """TOML tables of rules that stand for those of the package; all of them, as `services/applications/rules` has them."""
    automatic_check_hours: int | None = Field(default=None, ge=1)
    review_working_days: int | None = Field(default=None, ge=1)
    clarification_working_days: int | None = Field(default=None, ge=0)
    clarifications_working_days: int | None = Field(default=None, ge=0)
    """All extensions of one review together."""
    answer_working_days: int | None = Field(default=None, ge=1)
    claim_working_days: int | None = Field(default=None, ge=1)
    approval_working_days: int | None = Field(default=None, ge=1)
    appeal_days: int | None = Field(default=None, ge=1)
    """Calendar days from a refusal in which an appeal may be filed."""
    appeal_working_days: int | None = Field(default=None, ge=1)
    """Time for deciding an appeal."""
    reminder_days: int | None = Field(default=None, ge=1)
    escalation_working_days: int | None = Field(default=None, ge=1)
    """After so long a missed term that stays missed is told of again, and again."""
    assign_after_hours: int | None = Field(default=None, ge=1)
    """Hours of working days after which an application nobody claimed is given to a reviewer."""
    certificate_years: int | None = Field(default=None, ge=1)
    expiry_notice_days: tuple[int, ...] | None = None

    export_pdf_rows_max: int = Field(default=2000, ge=1)
    """Rows of an export as PDF, which is set as a whole; CSV has no such limit."""
    export_rows_max: int = Field(default=100_000, ge=1)
    """Applications in a registrar's export."""
    export_portion_seconds: float = Field(default=60, gt=0)
    """How long the store may take for a portion of an export; the first one waits for the whole to be sorted."""

    claim_candidates: int = Field(default=50, ge=1, le=500)
    """How many of the soonest due applications are looked at for a reviewer who asks for the next."""

    watch_seconds: float = Field(default=60, gt=0)
    """Between two looks of the watchdog."""
    watch_minutes: float = Field(default=15, ge=0)
    """How long an application may look as if it would not go on, because its next step is on its way."""
    watch_rows: int = Field(default=500, ge=1)
    """Applications the watchdog reads at once."""

    figures_days_max: int = Field(default=366, ge=1)
    """Days of the longest window of figures."""
    figures_rows_max: int = Field(default=50_000, ge=1)
    """Applications counted for one answer."""
