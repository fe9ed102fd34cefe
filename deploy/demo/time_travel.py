"""Chapter 8: the sandbox clock is moved, and every term keeps its promise."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deploy.demo.stage import Stage
from deploy.journey.people import SPECIALTY
from deploy.journey.waiting import until

REPEAT = timedelta(hours=48)
REMINDER = timedelta(days=2)
MARGIN = timedelta(minutes=1)
DAYS_LEFT = (90, 30, 7, 0)


async def travel(stage: Stage) -> None:
    """Repeats, reminder, overdue, the end of repeats by acting; then the years of the certificate."""
    stage.report.chapter("8. Время идёт (часы стенда)")
    application_id, due_at, asked_at = await _second_application(stage)
    await _repeats(stage, application_id, asked_at)
    await _reminder_and_overdue(stage, application_id, due_at)
    await _expiry(stage)


async def _second_application(stage: Stage) -> tuple[str, datetime, datetime]:
    practitioner, reviewer = stage.practitioner, stage.reviewer
    with stage.report.step("Второе заявление; эксперт просит уточнить адрес") as step:
        draft = await practitioner.create_application("periodic", SPECIALTY)
        application_id = str(draft["id"])
        blocks = {"documents": stage.document_ids, "consent": {"personal_data": True, "accuracy": True}}
        await practitioner.change(application_id, blocks)
        await practitioner.clean(application_id)
        await practitioner.confirm(application_id)
        await practitioner.submit(application_id)
        await practitioner.in_state(application_id, "under-review")
        await reviewer.queued(application_id)
        await reviewer.claim(application_id)
        remark = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": "Укажите корпус."}
        await reviewer.ask(application_id, remark)
        asked = await practitioner.in_state(application_id, "information-requested")
        notice = await until(lambda: practitioner.notice("information-requested", application_id), "уведомление о запросе")
        step.note(f"№ {asked['number']}, ответить до {asked['request']['due_at'][:10]}")
    return application_id, _moment(asked["request"]["due_at"]), _moment(notice["notified_at"])


async def _repeats(stage: Stage, application_id: str, asked_at: datetime) -> None:
    for repetition in (1, 2):
        with stage.report.step(f"Прошло {48 * repetition} ч: уведомление о запросе повторено") as step:
            notice = await _after_moving(
                stage, asked_at + REPEAT * repetition + MARGIN, "information-requested", application_id, repetition
            )
            step.note(f"повтор {notice['repetitions']}, {notice['notified_at'][:16].replace('T', ' ')}")


async def _reminder_and_overdue(stage: Stage, application_id: str, due_at: datetime) -> None:
    practitioner = stage.practitioner
    with stage.report.step("За 2 дня до срока: напоминание, не раньше") as step:
        if await practitioner.notice("deadline-near", application_id):
            raise AssertionError("напоминание пришло раньше, чем за 2 дня до срока")
        notice = await _after_moving(stage, due_at - REMINDER + MARGIN, "deadline-near", application_id)
        step.note(f"{notice['notified_at'][:16].replace('T', ' ')}: {notice['text']}")
    with stage.report.step("Срок прошёл: ответить ещё можно, предложено обращение с номером") as step:
        notice = await _after_moving(stage, due_at + MARGIN, "answer-overdue", application_id)
        step.note(notice["text"])
    with stage.report.step("Ответ дан: повторы прекращаются") as step:
        address = practitioner.person.workplace["address"] + ", корпус 2"
        await practitioner.answer(application_id, "Уточнён адрес.", {"professional": {"workplace": {"address": address}}})

        async def acted() -> dict[str, Any] | None:
            notice = await practitioner.notice("information-requested", application_id)
            return notice if notice and not notice["awaits_act"] else None

        notice = await until(acted, "конец повторов")
        step.note(f"повторов было {notice['repetitions']}, больше не ожидает действия")


async def _expiry(stage: Stage) -> None:
    practitioner = stage.practitioner
    application = await practitioner.application(stage.application_id)
    ends_at = _moment(application["certificate"]["valid_until"])
    for days_left in DAYS_LEFT:
        with stage.report.step(f"Сертификат: осталось дней {days_left}") as step:
            await stage.move_clock_to(ends_at - timedelta(days=days_left) + (MARGIN if days_left else -MARGIN))
            await practitioner.sign_in()
            notice = await until(partial(_expiring, stage, days_left), f"уведомление за {days_left} дн.")
            step.note(f"{notice['notified_at'][:10]}: {notice['text']}")


async def _expiring(stage: Stage, days_left: int) -> dict[str, Any] | None:
    told = [notice for notice in await stage.practitioner.notices() if notice["kind"] == "certificate-expiring"]
    return told[0] if len(told) > DAYS_LEFT.index(days_left) else None


async def _after_moving(stage: Stage, moment: datetime, kind: str, application_id: str, repetition: int = 0) -> dict[str, Any]:
    """Move the clock, sign in again (sessions ended), wait for the notice."""
    await stage.move_clock_to(moment)
    await stage.practitioner.sign_in()

    async def told() -> dict[str, Any] | None:
        notice = await stage.practitioner.notice(kind, application_id)
        return notice if notice and notice["repetitions"] >= repetition else None

    return await until(told, f"уведомление {kind}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
