"""What makes a password acceptable: long enough, not quickly guessed, not the person's own data."""

from collections.abc import Collection
from dataclasses import dataclass, field

from zxcvbn import zxcvbn

from services.identity.domain.fields import WrongValue

_OWN_DATA_LENGTH = 4
_LONGEST = 128
_ESTIMATED = 32
"""Characters whose guessing is estimated: the time for it grows faster than the length, and a longer beginning is strong by itself."""
_SIGNS = str.maketrans("@{[<|!$+9", "4(((11576")
"""Signs that stand for the same letter, by one of them: every choice among them doubles the time of the estimate, to seconds."""
_KEYS = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")
"""Russian words and rows of keys typed on the other layout are what people take for clever."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """Shortest length, the passwords everybody tries first, words of this place, and how many guesses a password must stand."""

    length: int
    common: frozenset[str]
    words: frozenset[str] = field(default=frozenset())
    guesses: float = 1e8

    def check(self, password: str, own_data: Collection[str], *, present: str | None = None) -> str:
        """The password. Raises `WrongValue` for a short, common or guessable one; `own_data` are strings of the person's own.

        `present` is the password to be replaced, where it is known to be right.
        """
        folded = password.casefold()
        if password == present:
            raise WrongValue("password-unchanged", "Новый пароль совпадает с текущим. Придумайте другой.")
        if len(password) < self.length:
            raise WrongValue("password-short", f"Пароль должен быть не короче {self.length} символов.")
        if len(password) > _LONGEST:
            raise WrongValue("password-long", f"Пароль должен быть не длиннее {_LONGEST} символов.")
        if folded in self.common or self._guesses(folded) < self.guesses:
            raise WrongValue("password-common", "Такой пароль легко подобрать. Придумайте другой, например фразу из нескольких слов.")
        if any(len(own) >= _OWN_DATA_LENGTH and own.casefold() in folded for own in own_data):
            raise WrongValue("password-own-data", "Пароль не должен содержать ваши данные: имя, дату рождения, телефон, номера документов.")
        return password

    def _guesses(self, folded: str) -> float:
        """The fewest guesses, in either layout of the keyboard."""
        typed = folded[:_ESTIMATED].translate(_SIGNS)
        words = [*self.words, *self.common]
        return min(float(zxcvbn(text, user_inputs=words)["guesses"]) for text in {typed, typed.translate(_KEYS)})
