"""What is refused about links and employers, by name."""

from chassis.errors import Conflict, Invalid, NotFound


class ShareNotFound(NotFound):
    """No such link, or none any more: used up, over, taken back and never made are one answer."""

    code = "share-not-found"


class ShareTooLong(Invalid):
    """A link for more days or views than the service gives."""

    code = "share-too-long"


class TooManyShares(Conflict):
    """The certificate has as many open links as it may have."""

    code = "too-many-shares"
