"""Builds identity: settings, repositories, gateways, use-cases, doors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from chassis.app import Chassis, serve
from chassis.breaker import CircuitBreaker
from services.identity import api, consumers
from services.identity.domain.codes import CodePolicy
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.registration import PassportRule
from services.identity.domain.sessions import SessionPolicy
from services.identity.domain.sign_ins import FailurePolicy
from services.identity.domain.verification import Backoff
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.gateways.registries import Patience, Registries, registry_ports
from services.identity.repository.access_log import AccessLogRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.registrations import RegistrationRepository
from services.identity.repository.sessions import SessionRepository, SigningKeyRepository
from services.identity.repository.sign_ins import (
    AllowanceRepository,
    FailureRepository,
    SentCodeRepository,
    SignInRepository,
    StrangerRefusalRepository,
)
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import AccessUseCases
from services.identity.usecases.codes import Codes
from services.identity.usecases.people import PeopleUseCases
from services.identity.usecases.registration import RegistrationRules, RegistrationUseCases
from services.identity.usecases.sessions import SessionUseCases, Signing, SigningPolicy
from services.identity.usecases.sign_in import SignInUseCases
from services.identity.usecases.verification import VerificationRules, VerificationUseCases

Prepare = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Stores:
    registrations: RegistrationRepository
    people: PersonRepository
    sign_ins: SignInRepository
    sent_codes: SentCodeRepository
    failures: FailureRepository
    strangers: StrangerRefusalRepository
    allowances: AllowanceRepository
    sessions: SessionRepository
    signing_keys: SigningKeyRepository
    access_log: AccessLogRepository

    def prepare(self) -> list[Prepare]:
        """Everything that makes collections and indexes."""
        signing_in = (self.sign_ins, self.sent_codes, self.failures, self.strangers, self.allowances)
        return [
            store.prepare for store in (self.registrations, self.people, *signing_in, self.sessions, self.signing_keys, self.access_log)
        ]


def create_app(settings: Settings) -> FastAPI:
    """The whole service of these settings."""
    chassis = Chassis("identity", settings)
    stores = _stores(chassis, settings)
    usecases = _usecases(chassis, settings, stores, _registries(chassis, settings))
    return chassis.app(
        title="Медкабинет: учётные записи",
        usecases=usecases,
        api_routers=[api.router],
        consumers_router=consumers.router,
        prepare=[*stores.prepare(), usecases.sessions.prepare_key],
    )


@asynccontextmanager
async def command_line(settings: Settings) -> AsyncIterator[UseCases]:
    """The use-cases for a command line: nothing is served or consumed; a running service publishes the events."""
    chassis = Chassis("identity", settings)
    stores = _stores(chassis, settings)
    try:
        for prepare in (chassis.cipher.prepare, *stores.prepare()):
            await prepare()
        yield _usecases(chassis, settings, stores, _registries(chassis, settings))
    finally:
        await chassis.close()


def _stores(chassis: Chassis, settings: Settings) -> _Stores:
    database, cipher = chassis.database, chassis.cipher
    return _Stores(
        registrations=RegistrationRepository(database, cipher),
        people=PersonRepository(database, cipher),
        sign_ins=SignInRepository(database),
        sent_codes=SentCodeRepository(database),
        failures=FailureRepository(database),
        strangers=StrangerRefusalRepository(database, cipher, keep=timedelta(days=settings.stranger_refusal_keep_days)),
        allowances=AllowanceRepository(database),
        sessions=SessionRepository(database, cipher, keep=timedelta(days=settings.session_keep_days)),
        signing_keys=SigningKeyRepository(database, cipher),
        access_log=AccessLogRepository(database, cipher, secret=_chain_secret(settings)),
    )


def _registries(chassis: Chassis, settings: Settings) -> Registries:
    return registry_ports(
        settings.registries_url,
        settings.registry_urls,
        http=chassis.http_client(settings.registry_timeout_seconds),
        patience=Patience(settings.registry_timeout_seconds, settings.registry_tries, settings.registry_retry_wait_seconds),
        breaker=lambda: CircuitBreaker(settings.registry_breaker_failures, settings.registry_breaker_seconds),
    )


def _usecases(chassis: Chassis, settings: Settings, stores: _Stores, registries: Registries) -> UseCases:
    begin, now, people = chassis.begin, chassis.clock.now, stores.people
    zone = ZoneInfo(settings.working_time_zone)
    secrets = Secrets(settings.pepper.get_secret_value())
    passwords = Passwords(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        at_once=settings.argon2_at_once,
    )
    access = AccessUseCases(begin, stores.access_log, _chain_secret(settings), now)
    codes = Codes(stores.allowances, secrets, _code_policy(settings), now)
    signing = Signing(stores.signing_keys, chassis.clock, _signing_policy(settings))
    sessions = SessionUseCases(begin, stores.sessions, people, signing, access, secrets, _session_policy(settings), now)
    return UseCases(
        registration=RegistrationUseCases(
            begin, stores.registrations, people, codes, access, passwords, secrets, _registration_rules(settings, zone), now
        ),
        verification=VerificationUseCases(begin, people, registries, access, _verification_rules(settings, zone), now),
        sign_in=SignInUseCases(
            begin,
            people,
            stores.sign_ins,
            stores.sent_codes,
            stores.failures,
            stores.strangers,
            codes,
            sessions,
            access,
            passwords,
            secrets,
            _failure_policy(settings),
            now,
        ),
        sessions=sessions,
        people=PeopleUseCases(begin, people, access, passwords, _password_policy(settings), now),
        access=access,
    )


def _chain_secret(settings: Settings) -> bytes:
    return Secrets(settings.pepper.get_secret_value()).digest("access-log")


def _password_policy(settings: Settings) -> PasswordPolicy:
    listed = (Path(__file__).parent / "rules" / "common_passwords.txt").read_text(encoding="utf-8")
    return PasswordPolicy(length=settings.password_length, common=frozenset(listed.split()))


def _registration_rules(settings: Settings, zone: ZoneInfo) -> RegistrationRules:
    return RegistrationRules(
        passport=PassportRule(settings.passport_first_age, settings.passport_change_ages, timedelta(days=settings.passport_grace_days)),
        password=_password_policy(settings),
        consents=settings.consents_required,
        keep=timedelta(days=settings.registration_keep_days),
        token_lifetime=timedelta(hours=settings.registration_token_hours),
        verification_limit=timedelta(hours=settings.verification_limit_hours),
        zone=zone,
    )


def _verification_rules(settings: Settings, zone: ZoneInfo) -> VerificationRules:
    return VerificationRules(
        limit=timedelta(hours=settings.verification_limit_hours),
        backoff=Backoff(
            first=timedelta(seconds=settings.verification_backoff_seconds),
            longest=timedelta(seconds=settings.verification_backoff_limit_seconds),
        ),
        correction_days=settings.correction_working_days,
        zone=zone,
    )


def _code_policy(settings: Settings) -> CodePolicy:
    return CodePolicy(
        digits=settings.code_digits,
        lifetime=timedelta(seconds=settings.code_seconds),
        tries=settings.code_tries,
        resend_after=timedelta(seconds=settings.code_resend_seconds),
        daily=settings.code_daily,
    )


def _failure_policy(settings: Settings) -> FailurePolicy:
    return FailurePolicy(
        window=timedelta(seconds=settings.failure_window_seconds),
        slow_from=settings.failures_slow,
        slow=timedelta(seconds=settings.failure_slow_seconds),
        lock_from=settings.failures_lock,
        lock=timedelta(seconds=settings.failure_lock_seconds),
    )


def _session_policy(settings: Settings) -> SessionPolicy:
    return SessionPolicy(
        idle_practitioner=timedelta(seconds=settings.idle_practitioner_seconds),
        idle_staff=timedelta(seconds=settings.idle_staff_seconds),
        longest=timedelta(seconds=settings.session_seconds),
    )


def _signing_policy(settings: Settings) -> SigningPolicy:
    return SigningPolicy(
        key_lifetime=timedelta(days=settings.signing_key_days),
        lead=timedelta(seconds=settings.signing_key_lead_seconds),
        token_lifetime=timedelta(seconds=settings.access_token_seconds),
    )


if __name__ == "__main__":
    serve("identity", create_app, Settings)
