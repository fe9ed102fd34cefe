"""The proofs of identity a token may name, with the time each was given."""

from enum import StrEnum


class Factor(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105  # a kind of proof, no password
    SMS = "sms"
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery-code"
    PORTAL = "portal"
    """The state portal's sign-on; the time is when the portal itself last asked the person."""


SECOND_FACTORS = frozenset(Factor) - {Factor.PASSWORD}
"""Proofs that count for a step-up."""
STAFF_FACTORS = frozenset({Factor.TOTP, Factor.PASSKEY})
"""Without one of these a member of staff gets no role."""
