"""Use-cases with everything they need."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from chassis.app import Chassis
from chassis.breaker import CircuitBreaker
from chassis.clock import machine_now
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


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """The use-cases of these stores."""
    registries = _registries(chassis, settings)
    begin, now, people = chassis.begin, chassis.clock.now, stores.people
    zone = ZoneInfo(settings.working_time_zone)
    secrets = Secrets(settings.pepper.get_secret_value())
    passwords = _passwords(settings)
    access = AccessUseCases(begin, stores.access_log, chain_secret(settings), now)
    strangers = AccessUseCases(begin, stores.strangers, chain_secret(settings), now)
    watch = AccessWatch(stores.access_log, stores.access_watch, secrets, watch_policy(settings))
    failures = FailureRepository(stores.throttles)
    codes = Codes(AllowanceRepository(stores.throttles), secrets, code_policy(settings), now)
    typed = TypedCodes(codes, TotpCodes(issuer=settings.totp_issuer, window=settings.totp_window_steps), secrets)
    devices = DeviceUseCases(begin, stores.factors, access, secrets, device_policy(settings), now)
    signing = Signing(stores.signing_keys, chassis.clock, signing_policy(settings))
    sessions = SessionUseCases(begin, stores.sessions, people, signing, access, secrets, session_policy(settings), now)
    verdicts = Verdicts(stores.profile_versions, verification_rules(settings, zone))
    guesses = Guesses(failures, secrets, failure_policy(settings))
    present = PresentPassword(begin, people, passwords, guesses, access, now)
    erasure = _erasure(chassis, settings, stores, sessions, access, present)
    return UseCases(
        registration=RegistrationUseCases(
            *(begin, stores.registrations, people, codes, access, passwords, secrets, signing, stores.profile_versions),
            registration_rules(settings, zone),
            now,
        ),
        scans=ScanUseCases(begin, stores.registrations, now),
        verification=VerificationUseCases(begin, people, registries, access, verdicts, now),
        sign_in=SignInUseCases(
            *(begin, people, stores.factors, stores.sign_ins, stores.throttles, strangers, codes, typed, devices, sessions),
            access,
            passwords,
            secrets,
            failure_policy(settings),
            now,
        ),
        factors=FactorUseCases(begin, stores.factors, sessions, access, typed, factor_policy(settings), now),
        portal=_portal(chassis, settings, stores, sessions, access),
        devices=devices,
        sessions=sessions,
        step_up=StepUpUseCases(begin, people, stores.factors, stores.step_ups, guesses, codes, typed, sessions, access, now),
        passkeys=_passkeys(chassis, settings, stores, sessions, access, strangers, secrets),
        passwords=PasswordUseCases(
            *(begin, people, stores.password_resets, codes, sessions, devices, access, passwords, present, secrets),
            password_policy(settings),
            now,
        ),
        people=PeopleUseCases(begin, people, failures, access, secrets, now),
        staff=StaffUseCases(begin, people, stores.factors, stores.passkeys, sessions, access, passwords, password_policy(settings), now),
        profile=_profile(chassis, settings, stores, codes, access, verdicts),
        profile_terms=ProfileTerms(begin, people, verdicts, now),
        consents=ConsentUseCases(begin, people, erasure, access, consent_rules(settings), now),
        erasure=erasure,
        exports=_exports(chassis, settings, stores, access),
        access=access,
        access_search=AccessSearchUseCases(begin, stores.access_log, chain_secret(settings), now),
        sealing=SealingUseCases(begin, stores.access_chain, watch, chain_secret(settings), sealing_policy(settings), now),
        audit=AuditUseCases(begin, stores.access_chain, chain_secret(settings)),
    )


def _passkeys(
    chassis: Chassis,
    settings: Settings,
    stores: Stores,
    sessions: SessionUseCases,
    access: AccessUseCases,
    strangers: AccessUseCases,
    secrets: Secrets,
) -> PasskeyUseCases:
    return PasskeyUseCases(
        chassis.begin,
        stores.people,
        stores.passkeys,
        stores.ceremonies,
        stores.factors,
        FailureRepository(stores.throttles),
        strangers,
        sessions,
        access,
        secrets,
        relying_party(settings),
        passkey_policy(settings),
        chassis.clock.now,
    )


def _passwords(settings: Settings) -> Passwords:
    return Passwords(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        at_once=settings.argon2_at_once,
        niceness=settings.argon2_niceness,
    )


def _profile(
    chassis: Chassis, settings: Settings, stores: Stores, codes: Codes, access: AccessUseCases, verdicts: Verdicts
) -> ProfileUseCases:
    return ProfileUseCases(
        chassis.begin,
        stores.people,
        stores.profile_changes,
        stores.profile_versions,
        codes,
        SentCodes(codes, stores.throttles, stores.step_ups, stores.password_resets),
        Signatures(signature_policy(settings)),
        verdicts,
        access,
        profile_rules(settings, verdicts.rules.zone),
        chassis.clock.now,
    )


def _exports(chassis: Chassis, settings: Settings, stores: Stores, access: AccessUseCases) -> ExportUseCases:
    sources = Sources(stores.people, stores.profile_versions, stores.sessions, stores.factors, stores.portal_links)
    return ExportUseCases(chassis.begin, stores.exports, sources, access, export_terms(settings), chassis.clock.now)


def _erasure(
    chassis: Chassis, settings: Settings, stores: Stores, sessions: SessionUseCases, access: AccessUseCases, present: PresentPassword
) -> ErasureUseCases:
    return ErasureUseCases(
        chassis.begin,
        stores.people,
        stores.erasures,
        stores.holds,
        stores.own_rows,
        sessions,
        access,
        present,
        erasure_rules(settings),
        chassis.clock.now,
    )


def _registries(chassis: Chassis, settings: Settings) -> Registries:
    return registry_ports(
        settings.registries_url,
        settings.registry_urls,
        http=chassis.http_client(settings.registry_timeout_seconds),
        patience=Patience(settings.registry_timeout_seconds, settings.registry_tries, settings.registry_retry_wait_seconds),
        breaker=lambda: CircuitBreaker(settings.registry_breaker_failures, settings.registry_breaker_seconds),
    )


def _portal(chassis: Chassis, settings: Settings, stores: Stores, sessions: SessionUseCases, access: AccessUseCases) -> PortalUseCases:
    return PortalUseCases(
        chassis.begin,
        stores.people,
        stores.portal_sign_ins,
        stores.portal_links,
        sessions,
        access,
        _providers(chassis, settings),
        Secrets(settings.pepper.get_secret_value()),
        timedelta(seconds=settings.portal_sign_in_seconds),
        chassis.clock.now,
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
