"""What the service can do, split by feature; `UseCases` is all of it."""

from dataclasses import dataclass

from services.applications.usecases.assignment import Assignment
from services.applications.usecases.automatic_check import AutomaticCheck
from services.applications.usecases.certificates import Certificates
from services.applications.usecases.claims import Claims
from services.applications.usecases.credentials import Credentials
from services.applications.usecases.employing import Employing
from services.applications.usecases.exports import Exports
from services.applications.usecases.facts import Facts
from services.applications.usecases.figures import Figures
from services.applications.usecases.history import Histories
from services.applications.usecases.notes import Notes
from services.applications.usecases.portable import Portable
from services.applications.usecases.proofs import Proofs
from services.applications.usecases.protocols import Protocols
from services.applications.usecases.pushing import Pushing
from services.applications.usecases.registry import Registry
from services.applications.usecases.renewal import Renewal
from services.applications.usecases.review import Review
from services.applications.usecases.rights import Rights
from services.applications.usecases.shares import Shares
from services.applications.usecases.standing import Standing
from services.applications.usecases.submission import Submission
from services.applications.usecases.terms import TermControl
from services.applications.usecases.watch import Watch

__all__ = ["UseCases"]


@dataclass(frozen=True, slots=True)
class UseCases(
    Renewal,
    Submission,
    Facts,
    Pushing,
    AutomaticCheck,
    Review,
    Assignment,
    Registry,
    Certificates,
    Standing,
    TermControl,
    Histories,
    Notes,
    Rights,
):
    """Everything applications can do."""

    claims: Claims
    credentials: Credentials
    exports: Exports
    proofs: Proofs
    figures: Figures
    protocols: Protocols
    watch: Watch
    portable: Portable
    employing: Employing
    sharing: Shares
