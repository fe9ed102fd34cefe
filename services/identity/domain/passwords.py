"""What makes a password acceptable."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from services.identity.domain.fields import WrongValue

_OWN_DATA_LENGTH = 4
_DISTINCT = 5
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """Shortest length and the passwords everybody tries first."""

    length: int
    common: frozenset[str]

    def check(self, password: str, own_data: Collection[str]) -> str:
        """The password. Raises `WrongValue` for a short, common or guessable one; `own_data` are strings of the person's own."""
        folded = password.casefold()
        if len(password) < self.length:
            raise WrongValue("password-short", f"Пароль должен быть не короче {self.length} символов.")
        if len(password) > _LONGEST:
            raise WrongValue("password-long", f"Пароль должен быть не длиннее {_LONGEST} символов.")
        if folded in self.common or len(set(folded)) < _DISTINCT or _is_run(folded):
            raise WrongValue("password-common", "Такой пароль легко подобрать. Придумайте другой, например фразу из нескольких слов.")
        if any(len(own) >= _OWN_DATA_LENGTH and own.casefold() in folded for own in own_data):
            raise WrongValue("password-own-data", "Пароль не должен содержать ваши данные: имя, дату рождения, телефон, номера документов.")
        return password


def _is_run(text: str) -> bool:
    steps = {ord(second) - ord(first) for first, second in pairwise(text)}
    return steps in ({1}, {-1})
