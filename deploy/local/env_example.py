"""`.env.example`: every setting of every process with its meaning and default, made from the settings classes themselves.

`python -m deploy.local.env_example` writes it; a census test compares.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from chassis.settings import ServiceSettings
from deploy.local.settings import SERVICES, LocalSettings
from deploy.simulators.settings import SimulatorsSettings

FILE = Path(__file__).parents[2] / ".env.example"
_WIDTH = 120
_HEAD = """\
# Every setting there is. Lines without # must be given; behind # stands the default. Secrets may come from files instead:
# SECRETS_DIR names a folder with one file for each setting, called like the setting. No secret has a default.
# Made from the settings classes by `python -m deploy.local.env_example`; a test compares.
"""
COMMON = "common to all services"


@dataclass(frozen=True)
class Setting:
    """One environment variable."""

    group: str
    name: str
    meaning: str
    default: str | None
    """As it is written in the environment; None if the setting must be given."""

    def lines(self) -> Iterator[str]:
        """As in the file."""
        for line in textwrap.wrap(self.meaning, _WIDTH - 2):
            yield f"# {line}"
        yield f"{self.name}=" if self.default is None else f"# {self.name}={self.default}"


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Every settings class by the heading of its part."""
    services = {f"service {name}": import_module(f"services.{name}.settings").Settings for name in SERVICES}
    return services | {"local stack (make run)": LocalSettings, "simulators of the outside world": SimulatorsSettings}


def settings_of(group: str, settings_class: type[BaseSettings]) -> Iterator[Setting]:
    """The settings of a class under the names the environment gives them; shared ones belong to the common part."""
    prefix, meanings = settings_class.model_config.get("env_prefix", ""), _meanings(settings_class)
    for name, field in settings_class.model_fields.items():
        shared = isinstance(field.validation_alias, str)
        variable = str(field.validation_alias) if shared else f"{prefix}{name}".upper()
        yield Setting(COMMON if shared else group, variable, meanings.get(name, ""), _default(field))


def render() -> str:
    """The whole file."""
    groups: dict[str, dict[str, Setting]] = {COMMON: {}}
    for group, settings_class in settings_classes().items():
        groups[group] = {}
        for setting in settings_of(group, settings_class):
            groups[setting.group].setdefault(setting.name, setting)
    parts = [_HEAD]
    for group, settings in groups.items():
        parts.append(f"\n# ---- {group} ----\n")
        parts += [f"{line}\n" for setting in settings.values() for line in setting.lines()]
    return "".join(parts)


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, str | Path | date):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _meanings(settings_class: type[BaseSettings]) -> dict[str, str]:
    """The strings below the fields of a class and of the classes it inherits from."""
    meanings: dict[str, str] = {}
    for owner in reversed(settings_class.__mro__):
        if not issubclass(owner, BaseSettings) or owner in (BaseSettings, ServiceSettings.__base__):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    meanings[name] = " ".join(text.split())
    return meanings


if __name__ == "__main__":
    FILE.write_text(render())
