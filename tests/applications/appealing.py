"""Refusing an application and appealing against that, through the routes."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.applications.conftest import Applicant, Hands

REASON = {"code": "qualification-incomplete", "pointer": "/documents/diploma"}


async def refused(applicant: Applicant, reviewers: list[Hands]) -> dict[str, Any]:
    """An application two reviewers are against."""
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    for reviewer in reviewers[:2]:
        await reviewer.ok("PUT", f"{path}/claim")
        await reviewer.judged("POST", f"{path}/recommendation", {"decision": "reject", "reasons": [REASON], "comment": "Нет приложения"})
    return await applicant.reach(application["id"], "rejected")


def appeal_against(application_number: str, refused_at: datetime, **changed: Any) -> dict[str, Any]:
    """A body that would do."""
    return {
        "application_number": application_number,
        "refused_on": refused_at.astimezone(ZoneInfo("Europe/Moscow")).date().isoformat(),
        "points": [REASON | {"comment": "Приложение было в файле"}],
        "statement": "Прошу пересмотреть отказ",
        **changed,
    }


async def filed_appeal(applicant: Applicant, reviewers: list[Hands]) -> dict[str, Any]:
    """An appeal nobody has claimed."""
    application = await refused(applicant, reviewers)
    body = appeal_against(application["number"], applicant.service.clock.now())
    appeal: dict[str, Any] = await applicant.ok("POST", "/appeals", body)
    return appeal
