"""Routes of trusted devices."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from chassis.auth import Principal, callers
from contracts.roles import Role
from services.identity.api.dependencies import OriginDep, UseCasesDep
from services.identity.schemas.factors import DeviceOut, DevicesOut

router = APIRouter(prefix="/trusted-devices", tags=["Факторы входа"])

Practitioner = Annotated[Principal, callers(Role.PRACTITIONER)]


@router.get("")
async def list_devices(caller: Practitioner, usecases: UseCasesDep) -> DevicesOut:
    """The devices on which the password alone signs the caller in."""
    return DevicesOut(items=[DeviceOut.of(device) for device in await usecases.devices.listed(caller.id)])


@router.delete("/{device_id}", status_code=204)
async def remove_device(device_id: UUID, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Ask for a code on that device again."""
    await usecases.devices.remove(device_id, person_id=caller.id, origin=origin)
