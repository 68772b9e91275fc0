"""Check and complete a crawler's fields, and refuse at once what AWS refuses.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html,
https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local_cloud.clients import Clients
from local_cloud.glue.crawler.event_queue import EventQueue
from local_cloud.glue.crawler.exclusions import ExclusionError, excluder
from local_cloud.glue.crawler.policy import NEW_FOLDERS_ONLY, CrawlerPolicy
from local_cloud.glue.crawler.schedule import ScheduleError, parse
from local_cloud.glue.resources import Resources
from local_cloud.glue.role import PRINCIPAL, role_arn
from local_cloud.wire import Json, Request, ServiceError

MAX_SAMPLED = 249
DEFAULTS: Json = {
    "Classifiers": [],
    "TablePrefix": "",
    "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
    "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
}
DECIDE_A_CRAWL = (
    "Targets",
    "Classifiers",
    "Configuration",
    "DatabaseName",
    "TablePrefix",
    "SchemaChangePolicy",
    "RecrawlPolicy",
)
"""Fields whose change has the next crawl by events list everything.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html ("updating the crawler properties which may impact the crawl")
"""


def check(crawler: Json, clients: Clients, classifiers: Resources) -> None:
    """Refuse what AWS refuses at once.

    Raises:
        ServiceError: ``InvalidInputException``, a policy that contradicts itself, no S3 target or another one, no database, or a role that Glue cannot
            assume; ``EntityNotFoundException``, an unknown classifier.
    """
    CrawlerPolicy.of(crawler).check()
    for name in crawler["Classifiers"]:
        classifiers.get(crawler["Region"], name)
    others = [name for name, targets in crawler["Targets"].items() if targets and name != "S3Targets"]
    if others or not crawler["Targets"].get("S3Targets"):
        raise ServiceError(
            "InvalidInputException",
            f"The local cloud crawls S3: give Targets.S3Targets, not {', '.join(others) or 'none'}.",
        )
    for target in crawler["Targets"]["S3Targets"]:
        _check_target(target)
    _check_events(crawler)
    if not crawler.get("DatabaseName"):
        raise ServiceError("InvalidInputException", "A crawler of S3 needs a DatabaseName for its tables.")
    try:
        clients.client("s3", crawler["Role"], region=crawler["Region"], principal=PRINCIPAL)
    except ClientError as error:
        raise ServiceError(
            "InvalidInputException",
            f"Service is unable to assume provided role {crawler['Role']}. Please verify role's TrustPolicy ({error}).",
        ) from error
    _check_queue(crawler, clients)


def _check_target(target: Json) -> None:
    try:
        excluder(target.get("Exclusions") or [])
    except ExclusionError as error:
        raise ServiceError("InvalidInputException", str(error)) from error
    size = target.get("SampleSize")
    if size is not None and not 1 <= size <= MAX_SAMPLED:
        raise ServiceError("InvalidInputException", f"SampleSize {size} is not from 1 to {MAX_SAMPLED}.")


def _check_events(crawler: Json) -> None:
    """Refuse a crawl by events of anything but one folder with a queue, and of samples.

    Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html (considerations and limitations),
    https://github.com/aws/aws-cdk/issues/17763 (the words for a queue that is missing)
    """
    if not CrawlerPolicy.of(crawler).by_events:
        return
    targets = crawler["Targets"]["S3Targets"]
    if len(targets) != 1:
        raise ServiceError("InvalidInputException", f"A crawler by events has one target, not {len(targets)}.")
    if not targets[0].get("EventQueueArn"):
        raise ServiceError("InvalidInputException", "Event queue ARN is required when event crawler is selected.")
    if targets[0].get("SampleSize") is not None:
        raise ServiceError("InvalidInputException", "A crawler by events takes no SampleSize.")


def _check_queue(crawler: Json, clients: Clients) -> None:
    """Refuse a queue that the crawler's role cannot find.

    Source: https://github.com/aws/aws-cdk/issues/33907 (the words)
    """
    for arn in filter(None, (target.get("EventQueueArn") for target in crawler["Targets"]["S3Targets"])):
        sqs = clients.client("sqs", crawler["Role"], region=crawler["Region"], principal=PRINCIPAL)
        try:
            EventQueue(sqs, arn).find()
        except ClientError as error:
            raise ServiceError(
                "InvalidInputException",
                f"SQS queue {arn} does not exist or the role provided does not have access to it.",
            ) from error


def normalised(params: Json, request: Request, current: Json | None = None) -> Json:
    """Return the request as a crawler's fields: the role as an ARN, the schedule with its state."""
    fields: dict[str, Any] = {key: value for key, value in params.items() if value is not None}
    if "Role" in fields:
        fields["Role"] = role_arn(fields["Role"], request.account)
    if "Schedule" in fields:
        fields["Schedule"] = schedule(fields["Schedule"])
    elif current is None:
        fields["Schedule"] = {"ScheduleExpression": "", "State": "NOT_SCHEDULED"}
    if "SchemaChangePolicy" in fields:
        default = (current or DEFAULTS)["SchemaChangePolicy"]
        fields["SchemaChangePolicy"] = {**default, **fields["SchemaChangePolicy"]}
    elif current is None and fields.get("RecrawlPolicy", {}).get("RecrawlBehavior") == NEW_FOLDERS_ONLY:
        fields["SchemaChangePolicy"] = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    return fields


def schedule(expression: str | None) -> Json:
    """Return the crawler's ``Schedule``; a given expression is active at once.

    Raises:
        ServiceError: ``InvalidInputException``, the expression cannot be read.
    """
    if not expression:
        return {"ScheduleExpression": "", "State": "NOT_SCHEDULED"}
    try:
        parse(expression)
    except ScheduleError as error:
        raise ServiceError("InvalidInputException", f"Invalid schedule expression: {error}") from error
    return {"ScheduleExpression": expression, "State": "SCHEDULED"}
