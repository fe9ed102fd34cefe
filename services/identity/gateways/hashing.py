"""Passwords (Argon2id, in threads) and keyed hashes of codes, tokens and addresses."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_PLAIN = "ABCDEFGHJKMNPQRSTVWXYZ2346789"
_GROUP = 5


class Passwords:
    """Argon2id, in threads of its own. `at_once` bounds the memory: further hashes wait their turn.

    The threads yield to everything else (`niceness`): a crowd that signs in must not make others wait. Hashing itself holds no lock
    of the interpreter.
    """

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, at_once: int, niceness: int = 0) -> None:
        self._hasher = PasswordHash((Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism),))
        self._threads = ThreadPoolExecutor(at_once, "argon2", initializer=_yield_to_others, initargs=(niceness,))
        self._dummy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """A fresh salted hash."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def hash_of_nothing_known(self) -> str:
        """The hash of a random text nobody is told: no password fits it until one is set."""
        return await self.hash(secrets.token_urlsafe())

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one hashed. None (no such account) takes as long as a wrong password, and is False."""
        hashed = password_hash or self._dummy
        is_right = await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.verify, password, hashed)
        return is_right and password_hash is not None


def _yield_to_others(niceness: int) -> None:
    if sys.platform == "linux":  # where a thread has a niceness of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def stand_in_id(digest: bytes) -> UUID:
    """An id that nobody has, for what looks like an account and is none: the same for the same keyed hash."""
    return UUID(bytes=digest[:16], version=4)


class Secrets:
    """Random codes and tokens, and the keyed hashes under which they are stored."""

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()

    def digest(self, purpose: str, *parts: str) -> bytes:
        """Keyed hash; the same parts under another purpose give another hash."""
        return hmac.digest(self._pepper, "\x1f".join((purpose, *parts)).encode(errors="surrogatepass"), hashlib.sha256)

    def code(self, digits: int) -> str:
        """A random one-time code."""
        return f"{secrets.randbelow(10**digits):0{digits}d}"

    def recovery_code(self) -> str:
        """A random code of 48 bits, to be written down: two groups of letters and digits that are not taken for each other."""
        groups = ("".join(secrets.choice(_PLAIN) for _ in range(_GROUP)) for _ in range(2))
        return "-".join(groups)

    def challenge(self) -> bytes:
        """Random bytes for an authenticator to sign."""
        return secrets.token_bytes(32)

    def token(self) -> str:
        """A random token of 256 bits."""
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
