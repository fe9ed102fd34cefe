"""Chapter 7: a request for help about the application."""

from deploy.demo.stage import Stage
from deploy.journey.waiting import until


async def ask_for_help(stage: Stage) -> None:
    """Ticket, answer, notices, closing."""
    report, practitioner, agent = stage.report, stage.practitioner, stage.agent
    report.chapter("7. Обращение в поддержку")
    with report.step("Обращение с номером заявления") as step:
        ticket = await practitioner.open_ticket("application-status", "Где указан срок действия сертификата?", stage.application_number)
        step.note(f"№ {ticket['number']}, ответ до {ticket['due_at'][:16].replace('T', ' ')}")
    with report.step("Сотрудник поддержки отвечает"):
        await agent.sign_in()
        await agent.take(ticket["ticket_id"])
        await agent.reply(ticket["ticket_id"], "На второй строке сертификата и в истории аккредитаций.")
    with report.step("Ответ виден, пришло уведомление; обращение закрыто") as step:
        notice = await until(lambda: practitioner.notice("ticket-answered"), "уведомление об ответе")
        step.note(notice["text"])
        await practitioner.close_ticket(ticket["ticket_id"])
        step.note(f"состояние: {(await practitioner.ticket(ticket['ticket_id']))['state']}")
