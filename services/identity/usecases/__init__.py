"""What identity can do: load, decide, save and publish, each in one transaction."""

from dataclasses import dataclass

from services.identity.usecases.access import AccessUseCases
from services.identity.usecases.access_audit import AuditUseCases
from services.identity.usecases.access_sealing import SealingUseCases
from services.identity.usecases.access_search import AccessSearchUseCases
from services.identity.usecases.consents import ConsentUseCases
from services.identity.usecases.devices import DeviceUseCases
from services.identity.usecases.erasure import ErasureUseCases
from services.identity.usecases.exports import ExportUseCases
from services.identity.usecases.factors import FactorUseCases
from services.identity.usecases.passkeys import PasskeyUseCases
from services.identity.usecases.passwords import PasswordUseCases
from services.identity.usecases.people import PeopleUseCases
from services.identity.usecases.portal import PortalUseCases
from services.identity.usecases.profile import ProfileUseCases
from services.identity.usecases.profile_terms import ProfileTerms
from services.identity.usecases.registration import RegistrationUseCases
from services.identity.usecases.scans import ScanUseCases
from services.identity.usecases.sessions import SessionUseCases
from services.identity.usecases.sign_in import SignInUseCases
from services.identity.usecases.staff import StaffUseCases
from services.identity.usecases.step_up import StepUpUseCases
from services.identity.usecases.verification import VerificationUseCases

__all__ = ["UseCases"]


@dataclass(frozen=True, slots=True)
class UseCases:
    """The whole service, by feature."""

    registration: RegistrationUseCases
    scans: ScanUseCases
    verification: VerificationUseCases
    sign_in: SignInUseCases
    factors: FactorUseCases
    portal: PortalUseCases
    devices: DeviceUseCases
    sessions: SessionUseCases
    step_up: StepUpUseCases
    passkeys: PasskeyUseCases
    passwords: PasswordUseCases
    people: PeopleUseCases
    profile: ProfileUseCases
    profile_terms: ProfileTerms
    consents: ConsentUseCases
    erasure: ErasureUseCases
    staff: StaffUseCases
    exports: ExportUseCases
    access: AccessUseCases
    access_search: AccessSearchUseCases
    sealing: SealingUseCases
    audit: AuditUseCases
