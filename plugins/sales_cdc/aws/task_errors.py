"""End a task as its refusal asks: at once when a retry would meet it again, with a retry when it passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import EXPLAINED, CallRefusedError, Kind, Refusal, refusal_of

RERUN = "Then run the DAG again: what is done already stays done."


class ResourceError(AirflowException):
    """A resource could not be made, changed or removed; Airflow tries again."""


class ResourceRefusedError(AirflowFailException):
    """A resource could not be made, changed or removed, and the next try would meet the same refusal."""


@contextmanager
def resource_errors(attempt: str) -> Iterator[None]:
    """Raise every error of AWS or its client as a sentence that begins with ``attempt``, for tasks on single resources.

    Example::

        with resource_errors("Could not provision the SQS queue 'sales-cdc-pipe-dlq'"):
            sqs.create_queue(QueueName="sales-cdc-pipe-dlq")

    Raises:
        ResourceRefusedError: AWS refused for good.
        ResourceError: it refused for the moment, did not answer, or the resource did not become what was waited for.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        kind = ResourceError if refusal.kind.passes else ResourceRefusedError
        raise kind(f"{attempt}: {refusal.answer}. {_remedy(refusal)}") from error


def _remedy(refusal: Refusal) -> str:
    """What to do in a task that makes or removes the resource itself."""
    if refusal.kind is Kind.PASSING:
        return "That passes: the next try comes by itself."
    if refusal.kind is Kind.DENIED:
        own = f"Let the Airflow connection's principal do {refusal.operation}, and pass the services' roles to them."
    elif refusal.kind is Kind.MISSING:
        own = "Mend what AWS complains of."
    else:
        own = refusal.remedy
    return f"{own} {RERUN}"


@contextmanager
def final_errors(*also: type[Exception]) -> Iterator[None]:
    """Fail the task at once, without a retry, on refusals that do not pass and on errors of the types ``also``.

    Raises:
        AirflowFailException: trying again would not help; the message says what to do.
    """
    try:
        yield
    except CallRefusedError as error:
        if error.kind.passes:
            raise
        raise AirflowFailException(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        if refusal.kind.passes or refusal.kind not in EXPLAINED:
            raise
        raise AirflowFailException(f"{refusal.answer}. {refusal.remedy}") from error
    except also as error:
        raise AirflowFailException(str(error)) from error
