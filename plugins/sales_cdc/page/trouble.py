"""What went wrong, in words for people: what it is, why, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.athena import QueryFailedError
from sales_cdc.aws.errors import Kind, Refusal, refusal_of
from sales_cdc.verdict.remedies import SET_UP

TITLES = {  # what the page calls a kind of refusal, and its title
    Kind.MISSING: ("setup", "The pipeline is not set up here"),
    Kind.DENIED: ("denied", "AWS denied this"),
    Kind.CREDENTIALS: ("denied", "No valid AWS credentials"),
    Kind.GUARDED: ("denied", "Refused before it was sent"),
    Kind.UNREACHABLE: ("unreachable", "The cloud does not answer"),
}
REMEDIES = {
    Kind.MISSING: SET_UP,
    Kind.DENIED: "Let the Airflow connection's role do it, or use another.",
    Kind.CREDENTIALS: "Give the Airflow connection credentials that have not expired.",
}


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
        return Trouble("failed", "Athena could not answer", error.reason, "Look at the query in Athena's history.")
    if isinstance(error, (ClientError, BotoCoreError)):
        return _refused(refusal_of(error))
    if isinstance(error, ValueError):
        return Trouble("failed", "This cannot be shown", str(error), "Look at the object in the bucket.")
    return Trouble(
        "failed", "This page made a mistake", type(error).__name__, "The api-server's log has the details.", True
    )


def _refused(refusal: Refusal) -> Trouble:
    kind, title = TITLES.get(refusal.kind, ("failed", "AWS refused this"))
    remedy = REMEDIES.get(refusal.kind, refusal.remedy)
    return Trouble(kind, title, refusal.message, remedy)
