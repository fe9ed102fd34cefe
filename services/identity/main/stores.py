"""Every collection of identity, made once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from datetime import timedelta

from chassis.app import Chassis
from services.identity.main.policies import chain_secret
from services.identity.repository.access_chain import AccessChainRepository
from services.identity.repository.access_log import AccessLogRepository
from services.identity.repository.access_watch import AccessWatchRepository
from services.identity.repository.erasure import ErasureRepository, HoldRepository, OwnRowsRepository
from services.identity.repository.exports import ExportRepository
from services.identity.repository.factors import FactorRepository
from services.identity.repository.passkeys import CeremonyRepository, PasskeyRepository
from services.identity.repository.password_resets import PasswordResetRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.portal import PortalLinkRepository, PortalSignInRepository
from services.identity.repository.profiles import ProfileChangeRepository, ProfileVersionRepository
from services.identity.repository.registrations import RegistrationRepository
from services.identity.repository.sessions import SessionRepository, SigningKeyRepository
from services.identity.repository.sign_ins import SignInRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.repository.throttles import ThrottleRepository
from services.identity.settings import Settings

Prepare = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stores:
    """The repositories."""

    registrations: RegistrationRepository
    people: PersonRepository
    factors: FactorRepository
    profile_changes: ProfileChangeRepository
    profile_versions: ProfileVersionRepository
    sign_ins: SignInRepository
    throttles: ThrottleRepository
    strangers: AccessLogRepository
    step_ups: StepUpRepository
    sessions: SessionRepository
    signing_keys: SigningKeyRepository
    access_log: AccessLogRepository
    password_resets: PasswordResetRepository
    portal_sign_ins: PortalSignInRepository
    portal_links: PortalLinkRepository
    access_chain: AccessChainRepository
    access_watch: AccessWatchRepository
    passkeys: PasskeyRepository
    ceremonies: CeremonyRepository
    exports: ExportRepository
    erasures: ErasureRepository
    holds: HoldRepository
    own_rows: OwnRowsRepository

    def prepare(self) -> list[Prepare]:
        """Everything that makes collections and indexes."""
        return [getattr(self, store.name).prepare for store in fields(self)]


def stores_of(chassis: Chassis, settings: Settings) -> Stores:
    """The repositories of one database; connects to nothing yet."""
    database, cipher = chassis.database, chassis.cipher
    return Stores(
        registrations=RegistrationRepository(database, cipher),
        people=PersonRepository(database, cipher),
        factors=FactorRepository(database, cipher),
        profile_changes=ProfileChangeRepository(database, cipher),
        profile_versions=ProfileVersionRepository(database, cipher),
        sign_ins=SignInRepository(database),
        throttles=ThrottleRepository(database),
        strangers=AccessLogRepository(
            database, cipher, secret=chain_secret(settings), keep=timedelta(days=settings.stranger_refusal_keep_days)
        ),
        step_ups=StepUpRepository(database),
        sessions=SessionRepository(database, cipher, keep=timedelta(days=settings.session_keep_days)),
        signing_keys=SigningKeyRepository(database, cipher),
        access_log=AccessLogRepository(database, cipher, secret=chain_secret(settings)),
        password_resets=PasswordResetRepository(database),
        portal_sign_ins=PortalSignInRepository(database, cipher),
        portal_links=PortalLinkRepository(database),
        access_chain=AccessChainRepository(database, cipher),
        access_watch=AccessWatchRepository(database, keep=timedelta(days=2 * settings.watch_device_days)),
        passkeys=PasskeyRepository(database, cipher),
        ceremonies=CeremonyRepository(database),
        exports=ExportRepository(database, cipher),
        erasures=ErasureRepository(database),
        holds=HoldRepository(database),
        own_rows=OwnRowsRepository(database),
    )
