"""The page for whoever keeps the rules and is no programmer."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from contracts.roles import Role
from services.applications.domain.dates import DateRule
from services.applications.domain.grounds import Change, Ground
from services.applications.domain.purposes import PurposeRule
from services.applications.domain.reasons import ReasonRule
from services.applications.domain.rulebook import Rulebook
from services.applications.domain.rules import ChecklistItem, DocumentRules, KindRules, SpecialtyRules, TermRule
from services.applications.domain.states import GROUPS, MOVES, WORDS, Group, Mover
from services.applications.domain.versions import Versioned

FILE = Path(__file__).parents[2] / "docs/rules.md"

_HEAD = """\
# Правила рассмотрения заявлений

Страница сделана из таблиц `services/applications/rules/*.toml` и таблицы действий командой `python -m deploy.rules`; руками её не правят.
Чтобы изменить правило, правят таблицу: у прежней строки появляется `valid_until`, ниже добавляется строка с новым значением, основанием
(`source`) и первым днём действия (`valid_from`). Служба проверяет таблицы при запуске и называет каждую ошибку: файл, строку, поле.

Черновик и его проверка следуют правилам сегодняшнего дня. Поданное заявление до конца судят по правилам дня подачи. Срок имеет ту длину,
которая действует в день его начала.
"""
_UNITS = {"hours": "часы", "days": "дни", "working-days": "рабочие дни", "years": "годы"}
_CHANGES = {Change.REVOKED: "аннулирование", Change.SUSPENDED: "приостановление", Change.REINSTATED: "возобновление"}
_GROUPS = {Group.COMPLETED: "завершено", Group.IN_PROGRESS: "в процессе", Group.REJECTED: "отклонено"}
_MOVERS: dict[Mover, str] = {
    Role.PRACTITIONER: "заявитель",
    Role.REVIEWER: "эксперт",
    Role.REGISTRAR: "регистратор",
    Role.SUPPORT_AGENT: "специалист поддержки",
    Role.AUDITOR: "аудитор",
    Role.ADMINISTRATOR: "администратор",
    "system": "система",
}


def render(book: Rulebook) -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_tables(book), *_states(), *_moves()))


def _tables(book: Rulebook) -> Iterator[str]:
    words = book.versions[-1][1].titles

    def kind(row: KindRules) -> list[str]:
        named = ", ".join(words.documents[one] for one in row.documents)
        return [row.title, named, str(row.minimum_experience_months), str(row.minimum_training_hours)]

    def specialty(row: SpecialtyRules) -> list[str]:
        return [row.code, row.title, ", ".join(words.documents[one] for one in row.documents)]

    def document(row: DocumentRules) -> list[str]:
        return [f"`{row.type.value}`", row.title]

    def reason(row: ReasonRule) -> list[str]:
        curable, chooses = "да" if row.is_curable else "нет", "проверка; эксперт вслед за ней" if row.is_automatic else "проверка и эксперт"
        places = ", ".join(f"`{place}`" for place in row.places)
        again = "нет" if not row.may_resubmit else "да, с исправлением" if row.needs_change else "да, и без изменений"
        return [f"`{row.code.value}`", row.text, row.advice, curable, again, places, chooses]

    def item(row: ChecklistItem) -> list[str]:
        return [row.title, ", ".join(words.kinds[one] for one in row.kinds), _required(row), "да" if row.may_be_inapplicable else "нет"]

    def ground(row: Ground) -> list[str]:
        return [f"`{row.code}`", row.title, ", ".join(_CHANGES[one] for one in row.changes)]

    def purpose(row: PurposeRule) -> list[str]:
        return [f"`{row.code}`", row.title]

    def day(row: DateRule) -> list[str]:
        return [row.title, f"{row.since:%d.%m.%Y}", str(row.age) if row.age else "—"]

    def term(row: TermRule) -> list[str]:
        several = row.length if isinstance(row.length, tuple) else (row.length,)
        return [row.title, ", ".join(map(str, several)), _UNITS[row.unit]]

    tables = book.tables
    yield from _part("Виды аккредитации", ["Вид", "Документы", "Стаж, месяцев", "Обучение, часов"], tables.kinds, kind)
    yield from _part("Специальности", ["Код", "Специальность", "Кроме документов вида"], tables.specialties, specialty)
    yield from _part("Документы заявления", ["Вид", "Название"], tables.documents, document)
    yield from _part(
        "Причины замечаний и отказа",
        ["Код", "Причина", "Что делать", "Устранима", "Можно подать исправленное", "Указывает на", "Кто называет"],
        tables.reasons,
        reason,
    )
    yield from _part("Что проверяет эксперт", ["Проверка", "Виды", "Обязательна", "Может быть неприменима"], tables.checklists, item)
    yield from _part("Основания изменить состояние сертификата", ["Код", "Основание", "Для чего"], tables.grounds, ground)
    yield from _part("Цели, с которыми спрашивают работодатели", ["Код", "Цель"], tables.purposes, purpose)
    yield from _part("Возможные даты", ["Что", "Не раньше", "Возраст заявителя, лет"], tables.dates, day)
    yield from _part("Сроки", ["Срок", "Длина", "Единица"], tables.terms, term)


def _part(title: str, header: list[str], table: Any, cells: Callable[[Any], list[str]]) -> Iterator[str]:
    rows = (row for versions in table.values() for row in versions)
    yield f"## {title}\n"
    yield _table([*header, "Действует", "Основание"], ([*cells(row), _days(row), row.source] for row in rows))


def _required(item: ChecklistItem) -> str:
    when = ", если изменился профиль" if item.needs_changed_profile else ""
    return ("да" if item.is_required else "нет") + when


def _days(row: Versioned) -> str:
    since = f"с {row.valid_from:%d.%m.%Y}"
    return since if row.valid_until is None else f"{since} по {row.valid_until:%d.%m.%Y}"


def _states() -> Iterator[str]:
    yield "## Состояния заявления\n"
    yield _table(
        ["Состояние", "Что видят люди", "В истории"], ([f"`{state.value}`", WORDS[state], _GROUPS[GROUPS[state]]] for state in WORDS)
    )


def _moves() -> Iterator[str]:
    yield "## Действия\n"
    yield "Других переходов нет: действие не из своего состояния или чужое отклоняется и ничего не меняет.\n"
    yield _table(
        ["Действие", "Из состояния", "В состояние", "Кто совершает", "Чем сообщается"],
        (
            [
                f"{rule.title} (`{move.value}`)",
                ", ".join(f"`{state.value}`" for state in rule.ways),
                ", ".join(f"`{state.value}`" for state in dict.fromkeys(rule.ways.values())),
                ", ".join(_MOVERS[mover] for mover in _MOVERS if mover in rule.by),
                ", ".join(f"`{event}`" for event in rule.tells) or "—",
            ]
            for move, rule in MOVES.items()
        ),
    )


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
