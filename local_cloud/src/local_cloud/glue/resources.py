"""Keep named resources of one kind by region, and cut listings into pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from local_cloud.store import Store
from local_cloud.wire import Json, ServiceError

MAX_PER_PAGE = 1000

Item = TypeVar("Item")


class Resources:
    """All resources of one kind (``Crawler``, ``Job`` …): one document each."""

    def __init__(self, store: Store, kind: str) -> None:
        self._kind = kind
        self._documents = store.collection(f"glue.{kind.lower()}")

    def find(self, region: str, name: str) -> Json | None:
        return self._documents.get(f"{region}/{name}")

    def get(self, region: str, name: str) -> Json:
        """Return the resource.

        Raises:
            ServiceError: ``EntityNotFoundException``.
        """
        found = self.find(region, name)
        if found is None:
            raise ServiceError("EntityNotFoundException", f"{self._kind} with name {name} does not exist")
        return found

    def create(self, region: str, name: str, document: Json) -> None:
        """Keep a new resource.

        Raises:
            ServiceError: ``AlreadyExistsException``.
        """
        if self.find(region, name) is not None:
            raise ServiceError("AlreadyExistsException", f"{self._kind} with name {name} already exists")
        self.put(region, name, document)

    def put(self, region: str, name: str, document: Json) -> None:
        self._documents.put(f"{region}/{name}", document)

    def delete(self, region: str, name: str) -> None:
        self._documents.delete(f"{region}/{name}")

    def all(self, region: str) -> list[Json]:
        """Return every resource of the region, by name."""
        return [document for key, document in self._documents if key.startswith(f"{region}/")]

    def everywhere(self) -> list[tuple[str, Json]]:
        """Return every resource with its region."""
        return [(key.partition("/")[0], document) for key, document in self._documents]


def page(items: Sequence[Item], params: Json, field: str, **more: Any) -> Json:
    """Return one page of a listing under ``field``, from ``NextToken`` on, at most ``MaxResults`` long.

    Raises:
        ServiceError: ``InvalidInputException``, the token is not one of ours.
    """
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise ServiceError("InvalidInputException", f"NextToken {token!r} was not returned by an earlier call.")
    start = int(token)
    end = start + min(int(params.get("MaxResults") or MAX_PER_PAGE), MAX_PER_PAGE)
    rest = {"NextToken": str(end)} if end < len(items) else {}
    return {field: list(items[start:end]), **more, **rest}
