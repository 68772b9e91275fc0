"""What every kind of resource has in common: it is found, made, brought up to date, waited for and removed by name."""

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
    """A resource as it is.

    ``tags`` are those that tell whose it is; ``identifiers`` are what only AWS can know of it (a stream's ARN, say).
    """

    name: str
    arn: str
    tags: Mapping[str, str]
    description: Mapping[str, Any]
    identifiers: Mapping[str, str] = field(default_factory=dict)


class ResourceHook(AwsBaseHook, ABC):
    """One kind of resource, behind one client. Subclasses name AWS's own words for it.

    ``absent_codes`` and ``taken_codes`` are the errors that mean "there is none" and "there is one already".
    ``ready_waiter`` and ``gone_waiter`` are names in ``waiters/<service>.json``; None where AWS acts at once.
    """

    service: ClassVar[str]
    kind: ClassVar[str]
    name_field: ClassVar[str]
    absent_codes: ClassVar[frozenset[str]]
    taken_codes: ClassVar[frozenset[str]]
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
        """The resource of that name; None when there is none."""
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
        """Whether setup made it: it carries every one of the deployment's tags."""
        return tags.items() <= found.tags.items()

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        """Whether it differs in what AWS cannot change, or never came to life."""
        return False

    @abstractmethod
    def describe(self, name: str) -> Found | None:
        """The resource of that name; None, or an error of ``absent_codes``, when there is none."""

    @abstractmethod
    def create(self, definition: Mapping[str, Any]) -> None:
        """Make the resource and tag it; ``update`` completes what its creation cannot say."""

    @abstractmethod
    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Bring the ready resource to its definition; returns the paths of what differed, none when it was up to date."""

    @abstractmethod
    def delete(self, found: Found) -> None:
        """Remove the resource with all that is in it."""

    def wait_until_ready(self, name: str) -> None:
        """Wait, bounded, until others can use it."""
        if self.ready_waiter is not None:
            self.get_waiter(self.ready_waiter).wait(**{self.name_field: name})

    def wait_until_gone(self, name: str) -> None:
        if self.gone_waiter is not None:
            self.get_waiter(self.gone_waiter).wait(**{self.name_field: name})


def tags_by_key(tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags as AWS lists them, as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def without(definition: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """A definition less some of its fields."""
    return {name: value for name, value in definition.items() if name not in fields}
