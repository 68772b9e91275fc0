"""What went wrong, in words for people: what it is, why, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from sales_cdc.deployment.endpoint_guard import EndpointRefusedError
from sales_cdc.page.reads.lake_query import QueryFailedError
from sales_cdc.page.reads.observation import refusal

SET_UP = "Trigger the DAG sales_cdc_setup; it makes what is missing and changes nothing else."


class NothingYetError(Exception):
    """There is nothing to show yet; ``remedy`` says what makes it appear."""

    def __init__(self, title: str, remedy: str) -> None:
        super().__init__(title)
        self.title = title
        self.remedy = remedy


@dataclass(frozen=True)
class Trouble:
    """``kind`` is "empty" (nothing there yet), "setup", "denied", "unreachable" or "failed"."""

    kind: str
    title: str
    reason: str
    remedy: str
    is_unexpected: bool = False

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if name != "is_unexpected"}


def trouble(error: Exception) -> Trouble:
    """The words for an error."""
    if isinstance(error, NothingYetError):
        return Trouble("empty", error.title, "", error.remedy)
    if isinstance(error, QueryFailedError):
        return Trouble("failed", "Athena could not answer", str(error), "Look at the query in Athena's history.")
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, BotoCoreError):
        return _not_sent(error)
    if isinstance(error, ValueError):
        return Trouble("failed", "This cannot be shown", str(error), "Look at the object in the bucket.")
    return Trouble(
        "failed", "This page made a mistake", type(error).__name__, "The api-server's log has the details.", True
    )


def _refused(error: ClientError) -> Trouble:
    kind, message = refusal(error), error.response["Error"].get("Message", "")
    if kind == "missing":
        return Trouble("setup", "The pipeline is not set up here", message, SET_UP)
    if kind == "denied":
        return Trouble("denied", "AWS denied this", message, "Let the Airflow connection's role do it, or use another.")
    return Trouble("failed", "AWS refused this", message, "Try again in a moment.")


def _not_sent(error: BotoCoreError) -> Trouble:
    if isinstance(error, EndpointRefusedError):
        return Trouble("denied", "Refused before it was sent", str(error), "Mend the connection or the settings.")
    if isinstance(error, NoCredentialsError):
        return Trouble("denied", "There are no AWS credentials", str(error), "Give the Airflow connection credentials.")
    return Trouble(
        "unreachable",
        "The cloud does not answer",
        str(error),
        "If it is the local cloud, start it: make cloud. If it is AWS, check the network and the region.",
    )
