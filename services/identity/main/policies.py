"""Limits and terms, from settings to what the domain takes."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.identity.domain.access_watch import WatchPolicy
from services.identity.domain.codes import CodePolicy
from services.identity.domain.consents import Withdrawal
from services.identity.domain.erasure import Retention
from services.identity.domain.factors import DevicePolicy, FactorPolicy
from services.identity.domain.issue_dates import IssueRules, LicenceRule, PassportRule
from services.identity.domain.passkeys import PasskeyPolicy
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.sessions import SessionPolicy
from services.identity.domain.sign_ins import FailurePolicy
from services.identity.domain.verification import Backoff
from services.identity.gateways.hashing import Secrets
from services.identity.gateways.signatures import SignaturePolicy
from services.identity.gateways.webauthn import RelyingParty
from services.identity.settings import Settings
from services.identity.usecases.access_sealing import SealingPolicy
from services.identity.usecases.consents import ConsentRules
from services.identity.usecases.erasure import ErasureRules
from services.identity.usecases.exports import ExportTerms
from services.identity.usecases.profile import ProfileRules
from services.identity.usecases.registration import RegistrationRules
from services.identity.usecases.sessions import SigningPolicy
from services.identity.usecases.verdicts import VerificationRules


def chain_secret(settings: Settings) -> bytes:
    """The key of the access log's digests."""
    return Secrets(settings.pepper.get_secret_value()).digest("access-log")


def watch_policy(settings: Settings) -> WatchPolicy:
    """From when on something in the access log is suspicious."""
    return WatchPolicy(
        refusals=settings.watch_refusals,
        refusal_window=timedelta(seconds=settings.watch_refusal_window_seconds),
        people=settings.watch_people,
        reading_window=timedelta(seconds=settings.watch_reading_window_seconds),
        device_keep=timedelta(days=settings.watch_device_days),
        devices=settings.watch_devices,
    )


def sealing_policy(settings: Settings) -> SealingPolicy:
    """When rows of the access log are sealed."""
    return SealingPolicy(
        block_rows=settings.access_block_rows,
        told_blocks=settings.access_told_blocks,
        poll_seconds=settings.access_seal_seconds,
        alarm_seconds=settings.access_alarm_seconds,
    )


def password_policy(settings: Settings) -> PasswordPolicy:
    """What makes a password acceptable."""
    return PasswordPolicy(
        length=settings.password_length,
        common=_listed("common_passwords.txt"),
        words=_listed("password_words.txt"),
        guesses=settings.password_guesses,
    )


def _listed(name: str) -> frozenset[str]:
    return frozenset((Path(__file__).parents[1] / "rules" / name).read_text(encoding="utf-8").split())


def issue_rules(settings: Settings) -> IssueRules:
    """When passports and licences are given, and when a passport must be changed."""
    grace = timedelta(days=settings.passport_grace_days)
    passport = PassportRule(settings.passport_first_age, settings.passport_change_ages, grace, settings.passport_since)
    return IssueRules(passport, LicenceRule(settings.licence_first_age, settings.licence_since))


def profile_rules(settings: Settings, zone: ZoneInfo) -> ProfileRules:
    """Limits and terms of profile changes."""
    return ProfileRules(issue=issue_rules(settings), lifetime=timedelta(minutes=settings.profile_change_minutes), zone=zone)


def signature_policy(settings: Settings) -> SignaturePolicy:
    """Whose signatures are accepted."""
    return SignaturePolicy(
        trusted_cas=settings.signature_trusted_cas,
        crls=settings.signature_crls,
        is_crl_required=settings.signature_crl_required,
        longest_bytes=settings.signature_bytes,
        intermediates=settings.signature_intermediates,
        timeout_seconds=settings.signature_timeout_seconds,
        at_once=settings.signature_at_once,
    )


def registration_rules(settings: Settings, zone: ZoneInfo) -> RegistrationRules:
    """Limits and terms of registration."""
    return RegistrationRules(
        issue=issue_rules(settings),
        password=password_policy(settings),
        consents=settings.consents_required,
        keep=timedelta(days=settings.registration_keep_days),
        token_lifetime=timedelta(hours=settings.registration_token_hours),
        upload_token_lifetime=timedelta(seconds=settings.upload_token_seconds),
        verification_limit=timedelta(hours=settings.verification_limit_hours),
        zone=zone,
    )


def consent_rules(settings: Settings) -> ConsentRules:
    """Which consents are needed, and what withdrawing does."""
    withdrawals = {document: Withdrawal(effect) for document, effect in settings.consent_withdrawals.items()}
    return ConsentRules(required=settings.consents_required, withdrawals=withdrawals)


def export_terms(settings: Settings) -> ExportTerms:
    """Terms of exports."""
    wait, keep = timedelta(hours=settings.data_export_wait_hours), timedelta(days=settings.data_export_keep_days)
    return ExportTerms(wait=wait, keep=keep, an_hour=settings.data_exports_an_hour)


def erasure_rules(settings: Settings) -> ErasureRules:
    """Terms of erasure and retention."""
    retention = Retention(settings.retention_application_years, settings.retention_certificate_years, settings.retention_source)
    return ErasureRules(cooling_off=timedelta(days=settings.erasure_cooling_off_days), retention=retention)


def verification_rules(settings: Settings, zone: ZoneInfo) -> VerificationRules:
    """Terms of verification."""
    return VerificationRules(
        limit=timedelta(hours=settings.verification_limit_hours),
        backoff=Backoff(
            first=timedelta(seconds=settings.verification_backoff_seconds),
            longest=timedelta(seconds=settings.verification_backoff_limit_seconds),
        ),
        correction_days=settings.correction_working_days,
        zone=zone,
        reminder=timedelta(days=settings.correction_reminder_days),
    )


def code_policy(settings: Settings) -> CodePolicy:
    """Limits of one-time codes."""
    return CodePolicy(
        digits=settings.code_digits,
        lifetime=timedelta(seconds=settings.code_seconds),
        tries=settings.code_tries,
        resend_after=timedelta(seconds=settings.code_resend_seconds),
        daily=settings.code_daily,
    )


def factor_policy(settings: Settings) -> FactorPolicy:
    """Limits of factors."""
    return FactorPolicy(
        setup=timedelta(seconds=settings.totp_setup_seconds),
        tries=settings.code_tries,
        recovery_codes=settings.recovery_codes,
    )


def device_policy(settings: Settings) -> DevicePolicy:
    """Terms of trusted devices."""
    return DevicePolicy(lifetime=timedelta(days=settings.trusted_device_days), most=settings.trusted_devices)


def failure_policy(settings: Settings) -> FailurePolicy:
    """When failures slow down and lock."""
    return FailurePolicy(
        window=timedelta(seconds=settings.failure_window_seconds),
        slow_from=settings.failures_slow,
        slow=timedelta(seconds=settings.failure_slow_seconds),
        lock_from=settings.failures_lock,
        lock=timedelta(seconds=settings.failure_lock_seconds),
    )


def passkey_policy(settings: Settings) -> PasskeyPolicy:
    """Limits of passkeys."""
    return PasskeyPolicy(limit=settings.passkeys_per_person, lifetime=timedelta(seconds=settings.passkey_seconds))


def relying_party(settings: Settings) -> RelyingParty:
    """Who we are to authenticators."""
    return RelyingParty(settings.relying_party_id, settings.passkey_rp_name, settings.relying_party_origins)


def session_policy(settings: Settings) -> SessionPolicy:
    """Terms of sessions."""
    return SessionPolicy(
        idle_practitioner=timedelta(seconds=settings.idle_practitioner_seconds),
        idle_staff=timedelta(seconds=settings.idle_staff_seconds),
        longest=timedelta(seconds=settings.session_seconds),
        most=settings.sessions_per_person,
    )


def signing_policy(settings: Settings) -> SigningPolicy:
    """Terms of keys and tokens."""
    return SigningPolicy(
        key_lifetime=timedelta(days=settings.signing_key_days),
        lead=timedelta(seconds=settings.signing_key_lead_seconds),
        token_lifetime=timedelta(seconds=settings.access_token_seconds),
        cached_seconds=settings.signing_key_cache_seconds,
    )
