"""What notifications can do."""

from services.notifications.usecases.announcing import Announcing
from services.notifications.usecases.base import Terms
from services.notifications.usecases.delivering import Delivering
from services.notifications.usecases.reading import Reading
from services.notifications.usecases.rules import ACTS, TABLE
from services.notifications.usecases.streaming import Bell

__all__ = ["ACTS", "TABLE", "Bell", "Terms", "UseCases"]


class UseCases(Announcing, Delivering, Reading):
    """All use-cases of the service, in one object for its doors."""

    __slots__ = ()
