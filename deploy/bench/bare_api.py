"""The least a FastAPI route with the same driver call can do: find one document, give an answer of the same size."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI, HTTPException
from pymongo import AsyncMongoClient

app = FastAPI()
_client: Any = AsyncMongoClient(os.environ["BENCH_MONGO_URL"], uuidRepresentation="standard", tz_aware=True)
_answer: dict[str, Any] = json.loads(Path(os.environ["BENCH_ANSWER_FILE"]).read_text())


@app.get("/applications/{application_id}")
async def get_application(application_id: UUID) -> dict[str, Any]:
    """The same query as the product's, by id and owner."""
    owner = UUID(os.environ["BENCH_OWNER"])
    found = await _client["applications"]["applications"].find_one({"_id": application_id, "applicant_id": owner})
    if found is None:
        raise HTTPException(404)
    return _answer
