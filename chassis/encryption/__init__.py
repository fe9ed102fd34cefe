"""Personal fields at rest: MongoDB's explicit client-side encryption. Data keys have generations and are rotated while in use."""

from chassis.encryption.cipher import UNREADABLE, FieldCipher, Operand, fits
from chassis.encryption.masters import KmipMaster, LocalMaster, MasterRing, WrongMasterKey
from chassis.encryption.rotation import Blocked, Progress, Rotation, Unreadable, usage
from chassis.encryption.values import ENCRYPTED_SUBTYPE
from chassis.encryption.vault import KEY_STATE, KEY_VAULT, KeyState, KeyStateLost, KeyVault, Phase

__all__ = [
    "ENCRYPTED_SUBTYPE",
    "KEY_STATE",
    "KEY_VAULT",
    "UNREADABLE",
    "Blocked",
    "FieldCipher",
    "KeyState",
    "KeyStateLost",
    "KeyVault",
    "KmipMaster",
    "LocalMaster",
    "MasterRing",
    "Operand",
    "Phase",
    "Progress",
    "Rotation",
    "Unreadable",
    "WrongMasterKey",
    "fits",
    "usage",
]
