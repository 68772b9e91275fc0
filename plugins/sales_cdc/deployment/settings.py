"""Read a deployment's settings from ``SALES_CDC_*`` environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.declared import declared_contract

Target = Literal["local", "aws"]
Manager = Literal["setup", "cloudformation"]
NOTIFIERS = ("sns", "smtp", "slack")
RAW_COLUMNS = ("classifier", "built-in")
SUPPORTED_VIEW_TYPES = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
CONSOLES = {
    "aws": "https://console.aws.amazon.com",
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}


def partition_key_of(contract: Contract) -> str:
    """Return the path of a change's partition key: the first attribute of its key, so that an order's changes stay in order.

    An attribute whose name no path takes gives the event's id. The curated tables are right with either.

    >>> partition_key_of(declared_contract())
    '$.dynamodb.Keys.orderid.S'
    """
    first = contract.key[0]
    path = f"$.dynamodb.Keys.{first.name}.{first.type}"
    return path if _is_path(path) else "$.eventID"


_is_path = re.compile(r"\$(\.\w+)+", re.ASCII).fullmatch
PARTITION_KEY = partition_key_of(declared_contract())


class SettingsError(ValueError):
    """Raised when a setting is missing or cannot be used; the message says what to set."""


@dataclass(frozen=True)
class Settings:
    """Hold the settings of one deployment of the pipeline.

    ``local_endpoint`` is None when the target is ``aws``. ``event_driven``: new raw objects start the batch too.
    ``on_failure``: ``sns``, ``smtp``, ``slack``, or the dotted path of the function that Airflow calls when a run fails; None: none. ``kms_key_arn``: the customer
    managed key that encrypts everything; None: each service's own key. ``managed_by``: who makes the resources; setup only verifies
    those of a CloudFormation stack. ``max_further_columns``: how many further attributes have a column of their own in the curated
    tables. ``raw_columns``: whether the crawler finds the raw table's columns by the project's classifier, or by Glue's built-in one.
    ``table``: an existing table to adopt; None: one of the deployment's own. ``raw_archive_days``: after how many days raw objects move to
    cheaper storage that is read as fast; 0: never. ``old_versions_days``: how long deleted and overwritten objects can be brought back.
    ``changes_per_second``: the mean rate that the deployment is for; what a query may read, and how far the job grows, follow it.
    ``alerts_email``: who is told of alarms by mail;
    ``alerts_topic_arn``: an existing SNS topic for alarms; None: one of the deployment's own. ``currency``: of the orders' prices, by its
    ISO 4217 code, which the page shows with amounts; None: not known.
    """

    target: Target
    region: str
    prefix: str = "sales-cdc"
    aws_conn_id: str = "aws_default"
    stream_view_type: str = "NEW_IMAGE"
    pipe_partition_key: str = PARTITION_KEY
    firehose_interval_seconds: int = 60
    firehose_size_mb: int = 5
    event_driven: bool = False
    local_endpoint: str | None = None
    on_failure: str | None = None
    kms_key_arn: str | None = None
    managed_by: Manager = "setup"
    max_further_columns: int = 200
    raw_columns: str = "classifier"
    table: str | None = None
    raw_archive_days: int = 0
    old_versions_days: int = 30
    changes_per_second: int = 40_000
    alerts_email: str | None = None
    alerts_topic_arn: str | None = None
    currency: str | None = None

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def console(self) -> str | None:
        """Return the URL of AWS's console; None for the local cloud, which has none."""
        return CONSOLES[self.partition] if self.target == "aws" else None

    @property
    def is_of_a_stack(self) -> bool:
        """Return whether a CloudFormation stack makes the resources, and setup only verifies them."""
        return self.managed_by == "cloudformation"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read and check every variable; ``environment`` defaults to the process's own.

        Raises:
            SettingsError: a variable is missing, or its value cannot be used.

        Example::

            Settings.from_environment({"SALES_CDC_TARGET": "local"}).prefix  # "sales-cdc"
        """
        env = os.environ if environment is None else environment
        target = _target(env)
        region = _region(env, target)
        return cls(
            target=target,
            region=region,
            prefix=_matching(env, "SALES_CDC_PREFIX", cls.prefix, r"[a-z][a-z0-9-]{1,28}[a-z0-9]", _PREFIX_RULE),
            aws_conn_id=env.get("SALES_CDC_AWS_CONN_ID") or cls.aws_conn_id,
            stream_view_type=_one_of(env, "SALES_CDC_STREAM_VIEW_TYPE", cls.stream_view_type, SUPPORTED_VIEW_TYPES, _VIEW_RULE),
            pipe_partition_key=_matching(
                env, "SALES_CDC_PIPE_PARTITION_KEY", cls.pipe_partition_key, r"\$(\.\w+)+", _PATH_RULE
            ),
            firehose_interval_seconds=_integer(
                env, "SALES_CDC_FIREHOSE_INTERVAL_SECONDS", cls.firehose_interval_seconds, 0, 900
            ),
            firehose_size_mb=_integer(env, "SALES_CDC_FIREHOSE_SIZE_MB", cls.firehose_size_mb, 1, 128),
            event_driven=_one_of(env, "SALES_CDC_EVENT_DRIVEN", "off", ("off", "on"), "a switch") == "on",
            local_endpoint=_local_endpoint(env) if target == "local" else None,
            on_failure=_on_failure(env),
            kms_key_arn=_key(env, region),
            managed_by=_manager(env),
            max_further_columns=_integer(env, "SALES_CDC_MAX_FURTHER_COLUMNS", cls.max_further_columns, 0, 230),
            raw_columns=_one_of(env, "SALES_CDC_RAW_COLUMNS", cls.raw_columns, RAW_COLUMNS, _COLUMNS_RULE),
            raw_archive_days=_integer(env, "SALES_CDC_RAW_ARCHIVE_DAYS", cls.raw_archive_days, 0, 3650),
            old_versions_days=_integer(env, "SALES_CDC_OLD_VERSIONS_DAYS", cls.old_versions_days, 8, 3650),
            changes_per_second=_integer(env, "SALES_CDC_CHANGES_PER_SECOND", cls.changes_per_second, 1, 1_000_000),
            alerts_email=_matching(env, "SALES_CDC_ALERTS_EMAIL", "", r"([^@\s]+@[^@\s]+\.[^@\s]+)?", _EMAIL_RULE) or None,
            alerts_topic_arn=_topic(env, region),
            currency=_matching(env, "SALES_CDC_CURRENCY", "", r"([A-Z]{3})?", _CURRENCY_RULE) or None,
            table=_matching(env, "SALES_CDC_TABLE", "", r"([A-Za-z0-9_.-]{3,255})?", _TABLE_RULE.format(region)) or None,
        )  # fmt: skip


_PREFIX_RULE = "3 to 30 lower-case letters, digits and hyphens, beginning with a letter (a bucket is named after it)"
_VIEW_RULE = "the change event needs the new image"
_COLUMNS_RULE = (
    f"who finds the columns of {declared_contract().raw_table}; the contract's that are not found are put in"
)
_TABLE_RULE = (
    "the name of a DynamoDB table of this account in {0}, 3 to 255 letters, digits, _, - and . (no ARN: a pipe reads tables of its "
    "own account and region only)"
)
_CALLABLE_RULE = "sns, smtp, slack, or the dotted path of a function, such as alerts.page_somebody, in a module that Airflow can import"
_CURRENCY_RULE = "the code of a currency by ISO 4217, such as EUR; the page shows it with amounts, and converts nothing"
_EMAIL_RULE = "a mail address; its owner has to confirm the subscription that SNS offers"
_TOPIC_RULE = (
    "the ARN of a standard SNS topic in {0}, such as arn:aws:sns:{0}:123456789012:alerts (alarms reach no other region)"
)
_KEY_RULE = "the ARN of a key in {0}, such as arn:aws:kms:{0}:123456789012:key/1234abcd-…; policies take no alias"
_PATH_RULE = f"a path into the stream record, such as {PARTITION_KEY} or $.eventID"


def _target(env: Mapping[str, str]) -> Target:
    text = env.get("SALES_CDC_TARGET", "")
    if text == "local":
        return "local"
    if text == "aws":
        return "aws"
    seen = f"is {text!r}" if text else "is not set"
    raise SettingsError(
        f"SALES_CDC_TARGET {seen}: set it to 'local' (the laptop's cloud) or to 'aws' (a real account). "
        "There is no default, so that no run reaches a real account by accident; 'make' sets it to 'local'."
    )


def _region(env: Mapping[str, str], target: Target) -> str:
    """Read ``SALES_CDC_REGION`` before ``AWS_REGION``: Amazon MWAA sets the latter to its own region, and protects it."""
    own = env.get("SALES_CDC_REGION")
    text = own or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ("us-east-1" if target == "local" else "")
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        return text
    name = "SALES_CDC_REGION" if own else "AWS_REGION"
    seen = f"{name} is {text!r}" if text else "neither SALES_CDC_REGION nor AWS_REGION is set"
    raise SettingsError(f"{seen}: set SALES_CDC_REGION to the region to deploy to, such as eu-central-1.")


def _manager(env: Mapping[str, str]) -> Manager:
    choices: tuple[Manager, ...] = get_args(Manager)
    text = _one_of(env, "SALES_CDC_MANAGED_BY", "setup", choices, "who makes the resources")
    return next(choice for choice in choices if choice == text)


def _key(env: Mapping[str, str], region: str) -> str | None:
    pattern = rf"(arn:aws[a-z-]*:kms:{region}:\d{{12}}:key/[A-Za-z0-9-]+)?"
    return _matching(env, "SALES_CDC_KMS_KEY_ARN", "", pattern, _KEY_RULE.format(region)) or None


def _on_failure(env: Mapping[str, str]) -> str | None:
    chosen = (
        _matching(env, "SALES_CDC_ON_FAILURE", "", rf"({'|'.join(NOTIFIERS)}|\w+(\.\w+)+)?", _CALLABLE_RULE) or None
    )
    if chosen == "smtp" and not env.get("SALES_CDC_ALERTS_EMAIL"):
        raise SettingsError("SALES_CDC_ON_FAILURE is 'smtp': set SALES_CDC_ALERTS_EMAIL to whom the mail is for.")
    return chosen


def _topic(env: Mapping[str, str], region: str) -> str | None:
    pattern = rf"(arn:aws[a-z-]*:sns:{region}:\d{{12}}:[A-Za-z0-9_-]{{1,256}})?"
    return _matching(env, "SALES_CDC_ALERTS_TOPIC_ARN", "", pattern, _TOPIC_RULE.format(region)) or None


def _matching(env: Mapping[str, str], name: str, default: str, pattern: str, rule: str) -> str:
    text = env.get(name) or default
    if re.fullmatch(pattern, text):
        return text
    raise SettingsError(f"{name} is {text!r}: it has to be {rule}.")


def _one_of(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...], reason: str) -> str:
    text = env.get(name) or default
    if text in choices:
        return text
    raise SettingsError(f"{name} is {text!r}: choose one of {', '.join(choices)} ({reason}).")


def _integer(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name) or str(default)
    if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
        return int(text)
    raise SettingsError(f"{name} is {text!r}: it has to be a whole number from {least} to {most}.")


def _local_endpoint(env: Mapping[str, str]) -> str:
    text = env.get("SALES_CDC_LOCAL_ENDPOINT") or f"http://127.0.0.1:{env.get('SALES_CDC_LOCAL_PORT') or '4566'}"
    parts = urlsplit(text)
    if parts.scheme in {"http", "https"} and _is_near(parts.hostname or "") and _has_port_in_range(text):
        return text.rstrip("/")
    raise SettingsError(
        f"SALES_CDC_LOCAL_ENDPOINT is {text!r} while SALES_CDC_TARGET is 'local': "
        "it has to be the URL of a local cloud: a loopback address such as http://127.0.0.1:4566, or a host without a dot, "
        "such as a service of docker compose."
    )


def _is_near(host: str) -> bool:
    """Return whether a host can only be this machine or a neighbour in a container network.

    A public name and any address but loopback are neither.
    """
    return (
        host == "::1" or re.fullmatch(r"127(\.\d{1,3}){3}|([a-z0-9-]+\.)*localhost|[a-z][a-z0-9_-]*", host) is not None
    )


def _has_port_in_range(url: str) -> bool:
    try:
        return urlsplit(url).port is not None
    except ValueError:
        return False


def is_aws_host(host: str) -> bool:
    """Return whether a host name belongs to AWS, in any partition."""
    return (
        re.fullmatch(r"(.+\.)?(amazonaws\.com(\.cn)?|api\.aws|aws\.dev|amazonaws\.eu)", host.lower().rstrip("."))
        is not None
    )
