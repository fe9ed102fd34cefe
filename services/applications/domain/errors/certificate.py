"""What is refused about certificates, by name."""

from chassis.errors import Conflict, Invalid, NotFound


class CertificateNotFound(NotFound):
    """No certificate of this number."""

    code = "certificate-not-found"


class CertificateNotValid(Conflict):
    """What is revoked or over is not handed out anew."""

    code = "certificate-not-valid"


class CodeUnreadable(Invalid):
    """The text is not that of a certificate's QR code."""

    code = "code-unreadable"


class NotAPdf(Invalid):
    """What was sent as a certificate's file is none."""

    code = "not-a-pdf"


class IllegalStanding(Conflict):
    """The certificate's standing does not allow this change."""

    code = "illegal-standing"


class StaleCertificate(Conflict):
    """Somebody else wrote the certificate since it was read."""

    code = "stale-certificate"


class StatusListNotFound(NotFound):
    """No list of this id is published."""

    code = "status-list-not-found"
