"""What is refused about any application, by name."""

from chassis.errors import Conflict, Forbidden, NotFound


class ApplicationNotFound(NotFound):
    """No such application for who is asking."""

    code = "application-not-found"


class FileNotReady(NotFound):
    """The document is being made; it comes within seconds."""

    code = "file-not-ready"


class IllegalMove(Conflict):
    """The state of the application does not allow this move."""

    code = "illegal-move"


class MoveNotYours(Forbidden):
    """The table of moves does not name this actor for this move."""

    code = "move-not-yours"


class AlreadySubmitted(Conflict):
    """The application was handed in before; the refusal names its number and where it is."""

    code = "already-submitted"


class StaleApplication(Conflict):
    """Somebody else wrote the application since it was read."""

    code = "stale-application"


class OpenApplicationExists(Conflict):
    """One open application per practitioner, kind and specialty."""

    code = "open-application-exists"
