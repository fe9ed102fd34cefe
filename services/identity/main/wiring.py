"""Use-cases with everything they need."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chassis.app import Chassis
from chassis.breaker import CircuitBreaker
from chassis.clock import machine_now
from chassis.transaction import Begin
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.gateways.oidc import Freshness, Provider, ProviderPatience
from services.identity.gateways.registries import Patience, Registries, registry_ports
from services.identity.gateways.signatures import Signatures
from services.identity.gateways.totp import TotpCodes
from services.identity.main.policies import (
    chain_secret,
    code_policy,
    consent_rules,
    device_policy,
    erasure_rules,
    export_terms,
    factor_policy,
    failure_policy,
    passkey_policy,
    password_policy,
    profile_rules,
    registration_rules,
    relying_party,
    sealing_policy,
    session_policy,
    signature_policy,
    signing_policy,
    verification_rules,
    watch_policy,
)
from services.identity.main.stores import Stores
from services.identity.repository.throttles import AllowanceRepository, FailureRepository
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import AccessUseCases
from services.identity.usecases.access_audit import AuditUseCases
from services.identity.usecases.access_sealing import SealingUseCases
from services.identity.usecases.access_search import AccessSearchUseCases
from services.identity.usecases.access_watch import AccessWatch
from services.identity.usecases.codes import Codes
from services.identity.usecases.consents import ConsentUseCases
from services.identity.usecases.devices import DeviceUseCases
from services.identity.usecases.erasure import ErasureUseCases
from services.identity.usecases.exports import ExportUseCases, Sources
from services.identity.usecases.factors import FactorUseCases, TypedCodes
from services.identity.usecases.guesses import Guesses, PresentPassword
from services.identity.usecases.passkeys import PasskeyUseCases
from services.identity.usecases.passwords import PasswordUseCases
from services.identity.usecases.people import PeopleUseCases
from services.identity.usecases.portal import PortalUseCases
from services.identity.usecases.profile import ProfileUseCases
from services.identity.usecases.profile_terms import ProfileTerms
from services.identity.usecases.registration import RegistrationUseCases
from services.identity.usecases.scans import ScanUseCases
from services.identity.usecases.sent_codes import SentCodes
from services.identity.usecases.sessions import SessionUseCases, Signing
from services.identity.usecases.sign_in import SignInUseCases
from services.identity.usecases.staff import StaffUseCases
from services.identity.usecases.step_up import StepUpUseCases
from services.identity.usecases.verdicts import Verdicts
from services.identity.usecases.verification import VerificationUseCases


@dataclass(frozen=True, slots=True)
class _Shared:
    """What several use-cases are made of."""

    chassis: Chassis
    settings: Settings
    stores: Stores
    secrets: Secrets
    passwords: Passwords
    access: AccessUseCases
    strangers: AccessUseCases
    """Notes what is refused to nobody's account."""
    failures: FailureRepository
    codes: Codes
    typed: TypedCodes
    devices: DeviceUseCases
    signing: Signing
    sessions: SessionUseCases
    verdicts: Verdicts
    guesses: Guesses
    present: PresentPassword

    @property
    def begin(self) -> Begin:
        """Opens transactions."""
        return self.chassis.begin

    @property
    def now(self) -> Callable[[], datetime]:
        """The service's clock."""
        return self.chassis.clock.now


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """The use-cases of these stores."""
    shared = _shared(chassis, settings, stores)
    begin, now, people, access = shared.begin, shared.now, stores.people, shared.access
    codes, sessions, secrets, passwords, verdicts = shared.codes, shared.sessions, shared.secrets, shared.passwords, shared.verdicts
    watch = AccessWatch(stores.access_log, stores.access_watch, secrets, watch_policy(settings))
    secret, policy = chain_secret(settings), password_policy(settings)
    erasure = _erasure(shared)
    return UseCases(
        registration=_registration(shared),
        scans=ScanUseCases(begin, stores.registrations, now),
        verification=VerificationUseCases(begin, people, _registries(chassis, settings), access, verdicts, now),
        sign_in=_sign_in(shared),
        factors=FactorUseCases(begin, stores.factors, sessions, access, shared.typed, factor_policy(settings), now),
        portal=_portal(shared),
        devices=shared.devices,
        sessions=sessions,
        step_up=StepUpUseCases(
            *(begin, people, stores.factors, stores.step_ups, shared.guesses, codes, shared.typed, sessions, access, now),
        ),
        passkeys=_passkeys(shared),
        passwords=PasswordUseCases(
            *(begin, people, stores.password_resets, codes, sessions, shared.devices, access, passwords, shared.present, secrets),
            policy,
            now,
        ),
        people=PeopleUseCases(begin, people, shared.failures, access, secrets, now),
        staff=StaffUseCases(begin, people, stores.factors, stores.passkeys, sessions, access, passwords, policy, now),
        profile=_profile(shared),
        profile_terms=ProfileTerms(begin, people, verdicts, now),
        consents=ConsentUseCases(begin, people, erasure, access, consent_rules(settings), now),
        erasure=erasure,
        exports=_exports(shared),
        access=access,
        access_search=AccessSearchUseCases(begin, stores.access_log, secret, now),
        sealing=SealingUseCases(begin, stores.access_chain, watch, secret, sealing_policy(settings), now),
        audit=AuditUseCases(begin, stores.access_chain, secret),
    )


def _shared(chassis: Chassis, settings: Settings, stores: Stores) -> _Shared:
    begin, now, people = chassis.begin, chassis.clock.now, stores.people
    secrets, passwords = Secrets(settings.pepper.get_secret_value()), _passwords(settings)
    access, strangers = (AccessUseCases(begin, log, chain_secret(settings), now) for log in (stores.access_log, stores.strangers))
    failures = FailureRepository(stores.throttles)
    codes = Codes(AllowanceRepository(stores.throttles), secrets, code_policy(settings), now)
    signing = Signing(stores.signing_keys, chassis.clock, signing_policy(settings))
    guesses = Guesses(failures, secrets, failure_policy(settings))
    return _Shared(
        *(chassis, settings, stores, secrets, passwords, access, strangers, failures, codes),
        typed=TypedCodes(codes, TotpCodes(issuer=settings.totp_issuer, window=settings.totp_window_steps), secrets),
        devices=DeviceUseCases(begin, stores.factors, access, secrets, device_policy(settings), now),
        signing=signing,
        sessions=SessionUseCases(begin, stores.sessions, people, signing, access, secrets, session_policy(settings), now),
        verdicts=Verdicts(stores.profile_versions, verification_rules(settings, ZoneInfo(settings.working_time_zone))),
        guesses=guesses,
        present=PresentPassword(begin, people, passwords, guesses, access, now),
    )


def _registration(shared: _Shared) -> RegistrationUseCases:
    stores = shared.stores
    return RegistrationUseCases(
        *(shared.begin, stores.registrations, stores.people, shared.codes, shared.access, shared.passwords, shared.secrets),
        shared.signing,
        stores.profile_versions,
        registration_rules(shared.settings, shared.verdicts.rules.zone),
        shared.now,
    )


def _sign_in(shared: _Shared) -> SignInUseCases:
    stores = shared.stores
    return SignInUseCases(
        *(shared.begin, stores.people, stores.factors, stores.sign_ins, stores.throttles, shared.strangers, shared.codes),
        shared.typed,
        shared.devices,
        shared.sessions,
        shared.access,
        shared.passwords,
        shared.secrets,
        failure_policy(shared.settings),
        shared.now,
    )


def _passkeys(shared: _Shared) -> PasskeyUseCases:
    stores = shared.stores
    return PasskeyUseCases(
        *(shared.begin, stores.people, stores.passkeys, stores.ceremonies, stores.factors, shared.failures, shared.strangers),
        shared.sessions,
        shared.access,
        shared.secrets,
        relying_party(shared.settings),
        passkey_policy(shared.settings),
        shared.now,
    )


def _passwords(settings: Settings) -> Passwords:
    return Passwords(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        at_once=settings.argon2_at_once,
        niceness=settings.argon2_niceness,
    )


def _profile(shared: _Shared) -> ProfileUseCases:
    stores, codes, verdicts = shared.stores, shared.codes, shared.verdicts
    return ProfileUseCases(
        *(shared.begin, stores.people, stores.profile_changes, stores.profile_versions, codes),
        SentCodes(codes, stores.throttles, stores.step_ups, stores.password_resets),
        Signatures(signature_policy(shared.settings)),
        verdicts,
        shared.access,
        profile_rules(shared.settings, verdicts.rules.zone),
        shared.now,
    )


def _exports(shared: _Shared) -> ExportUseCases:
    stores = shared.stores
    sources = Sources(stores.people, stores.profile_versions, stores.sessions, stores.factors, stores.portal_links)
    return ExportUseCases(shared.begin, stores.exports, sources, shared.access, export_terms(shared.settings), shared.now)


def _erasure(shared: _Shared) -> ErasureUseCases:
    stores = shared.stores
    return ErasureUseCases(
        *(shared.begin, stores.people, stores.erasures, stores.holds, stores.own_rows, shared.sessions, shared.access, shared.present),
        erasure_rules(shared.settings),
        shared.now,
    )


def _registries(chassis: Chassis, settings: Settings) -> Registries:
    return registry_ports(
        settings.registries_url,
        settings.registry_urls,
        http=chassis.http_client(settings.registry_timeout_seconds),
        patience=Patience(settings.registry_timeout_seconds, settings.registry_tries, settings.registry_retry_wait_seconds),
        breaker=lambda: CircuitBreaker(settings.registry_breaker_failures, settings.registry_breaker_seconds),
    )


def _portal(shared: _Shared) -> PortalUseCases:
    stores, settings = shared.stores, shared.settings
    return PortalUseCases(
        *(shared.begin, stores.people, stores.portal_sign_ins, stores.portal_links, shared.sessions, shared.access),
        _providers(shared.chassis, settings),
        shared.secrets,
        timedelta(seconds=settings.portal_sign_in_seconds),
        shared.now,
    )


def _providers(chassis: Chassis, settings: Settings) -> dict[str, Provider]:
    patience = ProviderPatience(
        total_seconds=settings.oidc_total_seconds,
        timeout_seconds=settings.oidc_timeout_seconds,
        tries=settings.oidc_tries,
        retry_wait_seconds=settings.oidc_retry_wait_seconds,
        answer_bytes=settings.oidc_answer_bytes,
    )
    return {
        key: Provider(
            provider,
            settings.oidc_redirect_uri or f"{settings.public_url.rstrip('/')}/portal-sign-in",
            chassis.http_client(settings.oidc_timeout_seconds),
            patience=patience,
            freshness=Freshness(settings.oidc_cache_seconds, settings.oidc_refetch_seconds),
            breaker=CircuitBreaker(settings.oidc_breaker_failures, settings.oidc_breaker_seconds),
            leeway=timedelta(seconds=settings.oidc_leeway_seconds),
            now=machine_now,
        )
        for key, provider in settings.oidc_providers.items()
    }
