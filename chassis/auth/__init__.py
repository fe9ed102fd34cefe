"""Who is asking: access tokens, the keys that verify them, and the marker by which every route states who may call it."""

from chassis.auth.authenticator import LOOPBACK, Authenticator, InvalidToken, Principal, RoleMissing, StepUpRequired
from chassis.auth.markers import CALLERS_OF_PUBLIC_ROUTES, anyone, callers, calls_of, install, needs_recent_factor, route_callers
from chassis.auth.revocations import EndedSessions
from chassis.auth.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE, JwksCache, TokenSigner

__all__ = [
    "ALGORITHM",
    "AUDIENCE",
    "CALLERS_OF_PUBLIC_ROUTES",
    "ISSUER",
    "LOOPBACK",
    "TYPE",
    "Authenticator",
    "EndedSessions",
    "InvalidToken",
    "JwksCache",
    "Principal",
    "RoleMissing",
    "StepUpRequired",
    "TokenSigner",
    "anyone",
    "callers",
    "calls_of",
    "install",
    "needs_recent_factor",
    "route_callers",
]
