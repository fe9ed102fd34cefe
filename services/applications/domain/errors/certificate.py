"""What is refused about certificates, by name."""

from chassis.errors import NotFound


class CertificateNotFound(NotFound):
    """No certificate of this number."""

    code = "certificate-not-found"
