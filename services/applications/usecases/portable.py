"""What holders take elsewhere: their certificate in forms that programs read, and the lists of its standing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chassis.transaction import atomic
from services.applications.domain.certificates import Certificate, Status
from services.applications.domain.certificates.credential import credential
from services.applications.domain.certificates.status_list import SETS, Purpose, list_credential
from services.applications.domain.errors.certificate import CertificateNotValid, StatusListNotFound
from services.applications.usecases.base import Room
from services.applications.usecases.credentials import Credentials

_HEADER = {"typ": "vc+jwt", "cty": "vc"}
"""Source: W3C, Securing Verifiable Credentials using JOSE and COSE."""


@dataclass(frozen=True, slots=True)
class Portable(Room):
    """Credentials and the lists of their standing."""

    credentials: Credentials
    base_url: str
    """Where the routes are, as strangers reach them."""
    _signed: dict[tuple[str, Purpose], tuple[tuple[int, ...], str]] = field(default_factory=dict, init=False)
    """The last signature of each list, and what it was made of."""

    async def credential(self, number: str, holder_id: UUID) -> str:
        """One's own certificate as a signed credential. Raises `CertificateNotFound`, `CertificateNotValid`."""
        certificate = await self._listed(number, holder_id)
        made = credential(certificate, self.rules_now().titles, base_url=self.base_url, issuer=self.credentials.issuer)
        return self._sign(made)

    async def own(self, number: str, holder_id: UUID) -> Certificate:
        """One's own certificate, however it stands. Raises `CertificateNotFound`."""
        return await self.certificates.get_own(number.strip().upper(), holder_id)

    async def status_list(self, list_id: str, purpose: Purpose) -> str:
        """A published list, signed; signed anew when a bit changed. Raises `StatusListNotFound`."""
        indexes = await self.certificates.list_indexes(list_id, SETS[purpose])
        if indexes is None:
            raise StatusListNotFound("Такого списка нет.")
        known = self._signed.get((list_id, purpose))
        if known is None or known[0] != indexes:
            made = list_credential(self.base_url, self.credentials.issuer, list_id, purpose, indexes, self.now())
            known = self._signed[list_id, purpose] = indexes, self._sign(made)
        return known[1]

    @atomic
    async def _listed(self, number: str, holder_id: UUID) -> Certificate:
        """With its place in a list, which it gets when it is asked for as a credential for the first time."""
        async with self.begin() as tx:
            certificate = await self.certificates.get_own(number.strip().upper(), holder_id, tx=tx)
            if certificate.status_at(self.now()) not in (Status.VALID, Status.SUSPENDED):
                raise CertificateNotValid("Сертификат не действует: по нему ничего не выдаётся.")
            if certificate.list_id is None:
                listed = certificate.listed(*await self.numbers.draw_place(self.now()))
                await self.certificates.save(tx, listed, read=certificate)
                certificate = listed
        return certificate

    def _sign(self, made: Mapping[str, Any]) -> str:
        keys = self.credentials.keys
        header = {**_HEADER, "kid": self.credentials.method_id(keys.key_id)}
        return keys.sign(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode(), header)
