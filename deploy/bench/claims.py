"""Fifty reviewers who ask for the next application at the same moment: how long it takes, and whether anybody goes without."""

import asyncio
import random
import statistics
import time
from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import httpx

from contracts.roles import Role
from deploy.bench.applications_store import FIRST, QUEUED, person, planting, serving, waiting
from deploy.bench.report import Figure
from deploy.bench.servers import servers
from deploy.bench.tokens import issuer
from services.applications.domain.facts import StaffMember

REVIEWERS = 50
ROUNDS = 10
SCARCE = 30
"""Applications of a round in which not everybody can get one."""


async def measure(folder: Path) -> list[Figure]:
    """Rounds with one for each, then rounds with fewer; all claims are different ones."""
    reviewers = [person(f"reviewer {number}") for number in range(REVIEWERS)]
    async with servers(folder, "applications") as stack, issuer() as issued:
        environment = stack.environments["applications"]
        async with planting(environment) as planter, serving(stack, environment, issued) as port:
            await planter.staff([StaffMember(key, 1, frozenset({Role.REVIEWER}), frozenset({QUEUED}), None) for key in reviewers])
            headers = {key: issued.headers(key, Role.REVIEWER) for key in reviewers}
            limits = httpx.Limits(max_connections=REVIEWERS)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/applications", limits=limits, timeout=60) as http:
                seconds, got = [], Counter[UUID]()
                for number in range(2 * ROUNDS):
                    count = REVIEWERS if number < ROUNDS else SCARCE
                    await planter.plant([waiting(f"{number} {place}", FIRST + timedelta(days=number)) for place in range(count)])
                    started = time.perf_counter()
                    claimed = await _round(http, headers)
                    seconds.append(time.perf_counter() - started)
                    _check(claimed, count)
                    got.update(list(claimed))
    fair = max(got[key] for key in reviewers) - min(got[key] for key in reviewers)
    return [
        Figure(f"{REVIEWERS} reviewers take the next of {REVIEWERS} applications at once, p50", _told(seconds[:ROUNDS]), ""),
        Figure(f"{REVIEWERS} reviewers take the next of {SCARCE} applications at once, p50", _told(seconds[ROUNDS:]), ""),
        Figure(f"claims of the busiest less those of the idlest of them after {2 * ROUNDS} rounds", str(fair), ""),
    ]


async def _round(http: httpx.AsyncClient, headers: dict[UUID, dict[str, str]]) -> dict[UUID, str]:
    """Which application each got."""

    async def ask(key: UUID) -> tuple[UUID, str | None]:
        answer = (await http.post("/reviews/next", headers=headers[key])).raise_for_status()
        return key, None if answer.status_code == HTTPStatus.NO_CONTENT else str(answer.json()["application_id"])

    order = list(headers)
    random.shuffle(order)
    return {key: found for key, found in await asyncio.gather(*map(ask, order)) if found is not None}


def _check(claimed: dict[UUID, str], count: int) -> None:
    if len(set(claimed.values())) != len(claimed) or len(claimed) != count:
        raise RuntimeError(f"{count} applications, {len(claimed)} claims of {len(set(claimed.values()))} different ones")


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.0f} ms"
