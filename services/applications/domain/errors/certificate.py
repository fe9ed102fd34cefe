"""What is refused about certificates, by name."""

from chassis.errors import Conflict, Invalid, NotFound


class CertificateNotFound(NotFound):
    """No certificate of this number."""

    code = "certificate-not-found"


class CodeUnreadable(Invalid):
    """The text is not that of a certificate's QR code."""

    code = "code-unreadable"


class IllegalStanding(Conflict):
    """The certificate's standing does not allow this change."""

    code = "illegal-standing"


class StaleCertificate(Conflict):
    """Somebody else wrote the certificate since it was read."""

    code = "stale-certificate"
