"""Whom clients trust to be who they say they are, read once: a list of authorities takes 25 ms, and each client would read its own."""

import ssl
from functools import cache

import httpx


@cache
def authorities(*, of_environment: bool = True) -> ssl.SSLContext:
    """What httpx trusts by itself. `of_environment` is the `trust_env` of the client."""
    return httpx.create_ssl_context(trust_env=of_environment)
