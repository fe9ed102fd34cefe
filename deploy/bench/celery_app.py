"""What a team would use instead: a Celery task with late acknowledgement, confirmed publishing and a quorum queue."""

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from celery import Celery
from pymongo import MongoClient

app = Celery("bench", broker=os.environ["BENCH_AMQP_URL"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="celery-bench",
    task_default_queue_type="quorum",
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


@cache
def _database() -> Any:
    return MongoClient[dict[str, Any]](os.environ["BENCH_MONGO_URL"], w="majority")["celery"]


def take_effect(change_id: str) -> None:
    """The inbox row and the effect."""
    database = _database()
    with database.client.start_session() as session, session.start_transaction():
        database["inbox"].insert_one({"_id": change_id, "at": datetime.now(UTC)}, session=session)
        database["effects"].update_one({"_id": change_id}, {"$inc": {"n": 1}}, upsert=True, session=session)


_task = app.task(name="take-effect")(take_effect)


def change(change_id: str) -> None:
    """The change, then the task: between the two a crash loses it, which the product's outbox does not."""
    database = _database()
    with database.client.start_session() as session, session.start_transaction():
        database["changes"].insert_one({"_id": change_id}, session=session)
        database["outbox"].insert_one({"_id": change_id, "body": b"x" * 400}, session=session)
    _task.delay(change_id)
