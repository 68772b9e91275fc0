"""The verdict above Flow and Trust: whether the tables can be trusted, since when, why, and what to do; and acknowledging it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Body, Depends, FastAPI, HTTPException, Response

from sales_cdc.deployment.settings import Settings
from sales_cdc.page import access
from sales_cdc.page.answers import QUICK, Answers, json_response
from sales_cdc.page.reader import Reader
from sales_cdc.page.trouble import trouble
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.reading import read_evidence, unreadable
from sales_cdc.verdict.verdict import Verdict, verdict_on

MAX_NOTE = 500


def add_routes(app: FastAPI, answers: Answers) -> None:
    """Add the verdict's routes to the application."""
    reader, settings = answers.reader, answers.settings

    @app.get("/api/verdict")
    def answer_verdict() -> Response:
        return answers.answer(("verdict",), lambda: shown(reader, settings), QUICK)

    @app.post("/api/acknowledge", dependencies=[Depends(access.may_run_batch), Depends(access.asked_by_page)])
    def acknowledge(
        user: GetUserDep,
        matter: Annotated[str, Body(max_length=64)],
        note: Annotated[str, Body(max_length=MAX_NOTE)] = "",
    ) -> Response:
        found = acknowledged(reader, settings, matter, user.get_name(), note)
        answers.forget(("verdict",))
        return json_response(found.as_json())


def shown(reader: Reader, settings: Settings) -> dict[str, Any]:
    """Return the verdict on the deployment, with the time at which it was read."""
    return {"at": reader.now().isoformat(), **current(reader, settings).as_json()}


def current(reader: Reader, settings: Settings) -> Verdict:
    """Return the verdict on the deployment as it is now; a cloud that does not answer has one too."""
    runs = reader.batch_runs()
    try:
        return verdict_on(read_evidence(reader, settings, runs))
    except (ClientError, BotoCoreError) as error:
        return verdict_on(unreadable(error, reader.now(), runs))


def acknowledged(reader: Reader, settings: Settings, matter: str, user: str, note: str) -> Acknowledgement:
    """Keep that the user has seen a matter as it is now; evidence that comes later opens it again.

    Raises:
        HTTPException: 409 when the matter is not open, or is a state that has to be mended; 502 when AWS refuses the write.
    """
    open_one = next((each for each in current(reader, settings).matters if each.id == matter), None)
    if open_one is None:
        raise HTTPException(409, "This matter is not open any more. Reload the page.")
    if open_one.newest is None:
        raise HTTPException(
            409, f"{open_one.title}: this cannot be acknowledged, it has to be mended. {open_one.remedy}"
        )
    found = Acknowledgement(matter, user, datetime.now(UTC), open_one.newest, note.strip())
    try:
        reader.acknowledge(found)
    except (ClientError, BotoCoreError) as error:
        refused = trouble(error)
        raise HTTPException(502, f"Not acknowledged. {refused.title}: {refused.reason} {refused.remedy}") from error
    return found
