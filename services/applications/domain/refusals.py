"""What a refusal keeps its applicant from, and how long."""

from datetime import datetime

from services.applications.domain.application import Application
from services.applications.domain.terms import Terms


def may_be_appealed(refused: Application, *, at: datetime, terms: Terms) -> bool:
    """Whether an appeal against the refusal is still to be filed and in time."""
    return not refused.is_appealed and at <= holds_until(refused, terms)


def holds_until(refused: Application, terms: Terms) -> datetime:
    """Last moment of the time for an appeal, whether one was filed or not: taking one back shortens nothing."""
    return terms.appeal_until(refused.refused_at or refused.ended_at or refused.updated_at)


def after_closing_refusal(refused: Application, *, is_named: bool, at: datetime, terms: Terms) -> str | None:
    """Why nothing follows now a refusal whose reasons rule corrections out; None where an application that corrects nothing may.

    `is_named`: whether the new one says that it corrects it.
    """
    until = holds_until(refused, terms)
    if at > until:
        return "По причинам этого отказа исправленное заявление не подаётся. Подайте новое, не указывая отклонённое." if is_named else None
    day = f"{terms.local_date(until):%d.%m.%Y}"
    if may_be_appealed(refused, at=at, terms=terms):
        return (
            "По причинам этого отказа исправленное заявление не подаётся. "
            f"Решение можно обжаловать по {day} включительно; после этого дня можно подать новое заявление."
        )
    return f"По причинам этого отказа исправленное заявление не подаётся, и жалоба на него уже была. Новое можно подать после {day}."
