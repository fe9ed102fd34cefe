"""Trusted devices: on one of them the password alone signs a practitioner in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.factors import DevicePolicy, Factors, TrustedDevice
from services.identity.gateways.hashing import Secrets
from services.identity.repository.factors import FactorRepository
from services.identity.usecases.access import AccessUseCases, Origin


@dataclass(frozen=True, slots=True)
class DeviceUseCases:
    """The devices a practitioner trusts."""

    begin: Begin
    factors: FactorRepository
    access: AccessUseCases
    secrets: Secrets
    policy: DevicePolicy
    now: Callable[[], datetime]

    def trusted(self, factors: Factors, origin: Origin) -> tuple[Factors, str]:
        """The factors of somebody who trusts the device of the request, to be stored, and the token it is known by from now on."""
        at, token = self.now(), self.secrets.token()
        device = TrustedDevice(
            id=uuid4(),
            digest=self.digest(factors.id, token),
            trusted_at=at,
            expires_at=at + self.policy.lifetime,
            address=origin.address,
            device=origin.device,
        )
        return factors.trusting(device, self.policy), token

    def digest(self, person_id: UUID, token: str) -> bytes:
        """What a token is known by; another person's would be another."""
        return self.secrets.digest("device-token", str(person_id), token)

    @atomic
    async def listed(self, person_id: UUID) -> list[TrustedDevice]:
        """The devices somebody trusts now, newest first."""
        async with self.begin() as tx:
            factors = await self.factors.get(tx, person_id)
        return [device for device in reversed(factors.devices) if self.now() < device.expires_at]

    @atomic
    async def remove(self, device_id: UUID, *, person_id: UUID, origin: Origin) -> None:
        """The device needs a code again. Raises `NoSuchDevice`."""
        async with self.begin() as tx:
            factors = await self.factors.get(tx, person_id)
            await self.factors.save(tx, factors.without_device(device_id))
            await self._note(tx, Action.DEVICE_DISTRUSTED, person_id, origin, device_id)

    async def void_all(self, tx: Transaction, person_id: UUID) -> None:
        """All devices need a code again: the password changed, within that transaction."""
        factors = await self.factors.get(tx, person_id)
        if factors.devices:
            await self.factors.save(tx, factors.without_devices())

    async def note_trusted(self, tx: Transaction, factors: Factors, origin: Origin) -> None:
        """The newest device, in the access log; its owner is told."""
        trusted = SecurityAlertKind.DEVICE_TRUSTED
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=factors.id, kind=trusted))
        await self._note(tx, Action.DEVICE_TRUSTED, factors.id, origin, factors.devices[-1].id)

    async def _note(self, tx: Transaction, action: Action, person_id: UUID, origin: Origin, device_id: UUID) -> None:
        record = f"device:{device_id}"
        await self.access.note(tx, action, person_id, actor_id=person_id, actor_role=Role.PRACTITIONER, origin=origin, record=record)
