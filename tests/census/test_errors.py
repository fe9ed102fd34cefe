"""Errors: each refusal of a service has a code of its own and a status."""

import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType

import pytest

from chassis.errors import Conflict, DomainError, NotFound
from tests.census.source import SERVICES

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def modules_of(service: str) -> list[ModuleType]:
    package = import_module(f"services.{service}")
    names = [
        found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if not found.name.endswith(".__main__")
    ]
    return [import_module(name) for name in names]


def subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


def errors_of(prefix: str) -> list[type[DomainError]]:
    """Domain errors declared below a package; a leading underscore marks a base that is never raised itself."""
    found = {
        error for error in subclasses(DomainError) if f"{error.__module__}.".startswith(f"{prefix}.") and not error.__name__.startswith("_")
    }
    return sorted(found, key=lambda error: f"{error.__module__}.{error.__qualname__}")


def wrong_errors(errors: Iterable[type[DomainError]]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for error in errors:
        name, code = f"{error.__module__}.{error.__qualname__}", error.__dict__.get("code")
        if not isinstance(code, str):
            yield f"{name}: has no code of its own"
        elif not KEBAB.fullmatch(code):
            yield f"{name}: the code {code!r} is not kebab-case"
        elif owners.setdefault(code, name) != name:
            yield f"{name}: shares the code {code!r} with {owners[code]}"
        status = getattr(error, "status", None)
        if not isinstance(status, int) or not (400 <= status < 500 or status == 503):
            yield f"{name}: the status {status!r} is no refusal"


@pytest.mark.parametrize("service", SERVICES)
def test_every_error_of_a_service_has_its_own_code_and_a_status(service: str) -> None:
    modules_of(service)
    errors = errors_of(f"services.{service}")
    assert errors, "a service that refuses nothing"
    assert list(wrong_errors(errors)) == []


def test_every_error_of_the_chassis_has_its_own_code_and_a_status() -> None:
    for found in pkgutil.walk_packages(import_module("chassis").__path__, "chassis."):
        import_module(found.name)
    assert list(wrong_errors(errors_of("chassis"))) == []


class WithoutCode(Conflict):
    pass


class BadlyNamed(Conflict):
    code = "Not_Kebab"


class First(NotFound):
    code = "same"


class Second(Conflict):
    code = "same"


class WithoutStatus(DomainError):
    code = "without-status"


class SaysFine(Conflict):
    code = "says-fine"
    status = 200


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ([WithoutCode], "no code of its own"),
        ([BadlyNamed], "not kebab-case"),
        ([First, Second], "shares the code 'same'"),
        ([WithoutStatus], "status None is no refusal"),
        ([SaysFine], "status 200 is no refusal"),
    ],
)
def test_a_planted_error_is_found(planted: list[type[DomainError]], finding: str) -> None:
    assert [finding in found for found in wrong_errors(planted)] == [True]


def test_errors_are_found_where_they_are_declared() -> None:
    assert First in errors_of(__name__)
    assert errors_of("services.nowhere") == []
