"""The state registries: each answers match, mismatch (with the fields) or does not answer at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, Field

from deploy.simulators.world import RegistryCheck, World


class RegistryName(StrEnum):
    """The registries that exist."""

    PASSPORT = "passport"
    SNILS = "snils"
    INN = "inn"
    DIPLOMAS = "diplomas"
    LICENCES = "licences"
    TRAINING = "training"
    EMPLOYMENT = "employment"


Outcome = Literal["match", "mismatch", "unavailable"]

MISMATCHING_PREFIX = "несовпад"
"""A text that begins so («Несовпадов») is what no registry confirms: tests run beside each other without touching modes."""
UNANSWERED_PREFIX = "недоступ"
"""A text that begins so («Недоступова») finds the registry out of order."""
MISMATCH_CODE = "does-not-match"
KEEP_RULES = 1000


class ModeIn(BaseModel):
    """How a registry answers everybody from now on; `fields` are those it disagrees with (all of them if empty)."""

    mode: Outcome
    fields: list[str] = []
    latency_seconds: float | None = Field(default=None, ge=0, le=60)


class RuleIn(BaseModel):
    """How a registry answers whoever's data hold `value`; overrides the mode."""

    value: str = Field(min_length=1, max_length=500)
    outcome: Outcome
    fields: list[str] = []


class MismatchOut(BaseModel):
    """One field the registry disagrees with."""

    field: str
    code: str


class CheckOut(BaseModel):
    """What the registry says."""

    outcome: Literal["match", "mismatch"]
    fields: list[MismatchOut]


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome and the fields that differ."""

    outcome: Outcome
    fields: tuple[str, ...] = ()


class Registries:
    """Modes and rules of all registries."""

    def __init__(self) -> None:
        self.modes = {name: ModeIn(mode="match") for name in RegistryName}
        self.rules: dict[RegistryName, dict[str, RuleIn]] = {name: {} for name in RegistryName}

    def answer(self, name: RegistryName, fields: dict[str, Any]) -> Answer:
        """Rules of single values first, then the telling names, then the registry's mode."""
        values = list(_values(fields))
        for field, text in values:
            if rule := self.rules[name].get(text):
                return Answer(rule.outcome, tuple(rule.fields) or (field,))
        if any(text.casefold().startswith(UNANSWERED_PREFIX) for _, text in values):
            return Answer("unavailable")
        if differing := tuple(field for field, text in values if text.casefold().startswith(MISMATCHING_PREFIX)):
            return Answer("mismatch", differing)
        mode = self.modes[name]
        if mode.mode == "mismatch":
            return Answer("mismatch", tuple(mode.fields) or tuple(fields))
        return Answer(mode.mode)

    def add_rule(self, name: RegistryName, rule: RuleIn) -> None:
        """Remember a rule; the oldest one goes when there are too many."""
        rules = self.rules[name]
        rules[rule.value] = rule
        if len(rules) > KEEP_RULES:
            del rules[next(iter(rules))]


def _values(fields: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text or number inside, with the name of its field; nested fields are named by their path."""
    if isinstance(fields, dict):
        for key, value in fields.items():
            yield from _values(value, f"{name}.{key}" if name else str(key))
    elif isinstance(fields, list):
        for index, value in enumerate(fields):
            yield from _values(value, f"{name}.{index}")
    elif fields is not None:
        yield name, str(fields)


def registries_router(world: World, registries: Registries) -> APIRouter:
    """Routes of the registries."""
    router = APIRouter(prefix="/registries", tags=["Государственные реестры"])

    @router.post("/{name}/checks")
    async def check(name: RegistryName, fields: dict[str, Any]) -> CheckOut:
        """Compare what a person states with the registry."""
        await world.take_time(registries.modes[name].latency_seconds)
        answer = registries.answer(name, fields)
        await world.checks.add(RegistryCheck(registry=name, fields=fields, outcome=answer.outcome, mismatches=answer.fields))
        if answer.outcome == "unavailable":
            raise HTTPException(503, "Реестр не отвечает (имитация)", headers={"Retry-After": "60"})
        return CheckOut(outcome=answer.outcome, fields=[MismatchOut(field=field, code=MISMATCH_CODE) for field in answer.fields])

    @router.get("")
    async def list_modes() -> dict[RegistryName, ModeIn]:
        """How each registry answers."""
        return registries.modes

    @router.put("/{name}/mode")
    async def set_mode(name: RegistryName, mode: ModeIn) -> ModeIn:
        """Change how a registry answers."""
        registries.modes[name] = mode
        return mode

    @router.put("/{name}/rules")
    async def set_rule(name: RegistryName, rule: RuleIn) -> RuleIn:
        """Answer differently whoever's data hold one value."""
        registries.add_rule(name, rule)
        return rule

    @router.delete("/{name}/rules", status_code=204)
    async def drop_rule(name: RegistryName, value: Annotated[str, Field(min_length=1)]) -> Response:
        """Forget the rule of one value."""
        registries.rules[name].pop(value, None)
        return Response(status_code=204)

    return router
