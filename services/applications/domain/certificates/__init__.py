"""Certificates: what they say, and whether they stand."""

from services.applications.domain.certificates.certificate import Certificate, full_name, short_name
from services.applications.domain.certificates.standing import STATUS_TITLES, StandingChange, Status

__all__ = ["STATUS_TITLES", "Certificate", "StandingChange", "Status", "full_name", "short_name"]
