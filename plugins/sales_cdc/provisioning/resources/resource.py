"""Define how a resource of any kind is found, created, updated, waited for and deleted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

WAITERS = Path(__file__).resolve().parent.parent / "waiters"


@dataclass(frozen=True)
class Found:
    """Hold the state of a resource in AWS.

    ``tags`` say which deployment it belongs to; ``identifiers`` are assigned by AWS (such as a stream's ARN).
    """

    name: str
    arn: str
    tags: Mapping[str, str]
    description: Mapping[str, Any]
    identifiers: Mapping[str, str] = field(default_factory=dict)


class ResourceHook(AwsBaseHook, ABC):
    """Find, create, update and delete resources of one kind, with one client.

    Subclasses set these: ``absent_codes`` and ``taken_codes`` are the error codes for "there is none" and "there is one already".
    ``patience_seconds`` is how long setup and teardown wait out what passes: two minutes, as a new role needs. ``tags_are_late``: a
    resource may be seen before its tags. ``ready_waiter`` and ``gone_waiter`` are names in ``waiters/<service>.json``; None where AWS
    acts at once.

    Example::

        found = TableHook(aws_conn_id="aws_default").find("sales-cdc-orders")
    """

    service: ClassVar[str]
    kind: ClassVar[str]
    name_field: ClassVar[str]
    absent_codes: ClassVar[frozenset[str]]
    taken_codes: ClassVar[frozenset[str]]
    patience_seconds: ClassVar[int] = 120
    tags_are_late: ClassVar[bool] = True
    ready_waiter: ClassVar[str | None] = None
    gone_waiter: ClassVar[str | None] = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "client_type": self.service})

    @cached_property
    def waiter_path(self) -> PathLike[str] | None:
        path = WAITERS / f"{self.service}.json"
        return path if path.exists() else None

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition[self.name_field])

    def find(self, name: str) -> Found | None:
        """Return the resource of that name; None when there is none."""
        try:
            return self.describe(name)
        except ClientError as error:
            if self.means_absent(error):
                return None
            raise

    def means_absent(self, error: ClientError) -> bool:
        return error.response["Error"]["Code"] in self.absent_codes

    def means_taken(self, error: ClientError) -> bool:
        return error.response["Error"]["Code"] in self.taken_codes

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        """Return whether setup created it: it carries every tag of the deployment."""
        return tags.items() <= found.tags.items()

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        """Return whether it differs in a field that AWS cannot update, or its creation failed."""
        return False

    @abstractmethod
    def describe(self, name: str) -> Found | None:
        """Return the resource of that name.

        When there is none, return None or raise an error of ``absent_codes``.
        """

    @abstractmethod
    def create(self, definition: Mapping[str, Any]) -> None:
        """Create the resource with its tags; ``update`` sets the fields that creation does not take."""

    @abstractmethod
    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Bring the ready resource to its definition; return the paths that differed, if any."""

    @abstractmethod
    def delete(self, found: Found) -> None:
        """Delete the resource with everything in it."""

    def wait_until_ready(self, name: str) -> None:
        """Wait, a bounded time, until others can use it."""
        if self.ready_waiter is not None:
            self.get_waiter(self.ready_waiter).wait(**{self.name_field: name})

    def wait_until_gone(self, name: str) -> None:
        if self.gone_waiter is not None:
            self.get_waiter(self.gone_waiter).wait(**{self.name_field: name})


def tags_by_key(tags: list[dict[str, str]]) -> dict[str, str]:
    """Turn a list of ``Key`` and ``Value`` into a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def without(definition: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """Return a definition without some of its fields."""
    return {name: value for name, value in definition.items() if name not in fields}
