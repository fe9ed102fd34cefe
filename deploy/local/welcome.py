"""What is printed when everything is ready."""

from collections.abc import Sequence

from rich.console import Console

from deploy.local.personas import Persona


def print_personas(personas: Sequence[Persona], console: Console) -> None:
    """One line each, in columns; a narrow terminal wraps them, nothing is cut."""
    rows = [("Кто", "Логин", "Пароль", "Телефон", "Секрет приложения для кодов (TOTP)")]
    rows += [(who.title, who.identifier, who.password, who.phone, who.totp_secret or "") for who in personas]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()
        console.print(line, style="bold" if number == 0 else None, soft_wrap=True, markup=False, highlight=False)


def print_addresses(url: str, simulators_url: str, console: Console) -> None:
    """Where people go."""
    console.print(f"Кабинет:    {url}", highlight=False)
    console.print(f"Симуляторы: {simulators_url}  (здесь видны SMS с кодами и письма)", highlight=False)
