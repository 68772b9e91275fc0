"""Keep work groups: who may query, where results go, how much a query may scan.

Source: https://docs.aws.amazon.com/athena/latest/ug/workgroups-manage-queries-control-costs.html
"""

from __future__ import annotations

import re
import time
from typing import Any

from local_cloud.store import Store
from local_cloud.wire import Json, ServiceError

PRIMARY = "primary"
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
MINIMUM_CUTOFF_BYTES = 10_000_000
NOT_TOGETHER = "ResultConfiguration and ManagedQueryResultsConfiguration cannot be set together"
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")


def invalid(message: str, **fields: Any) -> ServiceError:
    """Return the error that Athena answers to a request it will not serve."""
    return ServiceError("InvalidRequestException", message, AthenaErrorCode="INVALID_INPUT", **fields)


class WorkGroups:
    """The account's work groups; ``primary`` is always there."""

    def __init__(self, store: Store) -> None:
        self._groups = store.collection("athena.workgroups")
        if self._groups.get(PRIMARY) is None:
            self._groups.put(PRIMARY, _document(PRIMARY, {"EnforceWorkGroupConfiguration": False}, ""))

    def create(self, params: Json) -> None:
        name = params.get("Name", "")
        if not _NAME.fullmatch(name):
            raise invalid(f"The work group name {name!r} must have 1 to 128 letters, digits, '.', '_' or '-'.")
        if self._groups.get(name) is not None:
            raise invalid(f"WorkGroup {name} is already created")
        configuration = {"EnforceWorkGroupConfiguration": True, **params.get("Configuration", {})}
        self._groups.put(
            name, _document(name, _checked(configuration), params.get("Description", ""), params.get("Tags", []))
        )

    def get(self, name: str) -> Json:
        """Return the work group as GetWorkGroup answers it.

        Raises:
            ServiceError: there is none of that name.
        """
        found = self._groups.get(name)
        if found is None:
            raise invalid(f"WorkGroup {name} is not found.")
        return found

    def update(self, params: Json) -> None:
        group = self.get(params.get("WorkGroup", ""))
        group["Configuration"] = _checked(_updated(group["Configuration"], params.get("ConfigurationUpdates", {})))
        if "Description" in params:
            group["Description"] = params["Description"]
        if "State" in params:
            if params["State"] not in {"ENABLED", "DISABLED"}:
                raise invalid(f"State {params['State']!r} is neither ENABLED nor DISABLED.")
            group["State"] = params["State"]
        self._groups.put(group["Name"], group)

    def delete(self, name: str) -> None:
        if name == PRIMARY:
            raise invalid("The primary workgroup cannot be deleted.")
        self.get(name)
        self._groups.delete(name)

    def summaries(self) -> list[Json]:
        keys = ("Name", "State", "Description", "CreationTime")
        return [
            {key: group[key] for key in keys} | {"EngineVersion": group["Configuration"]["EngineVersion"]}
            for _, group in self._groups
        ]

    def tags(self, name: str) -> list[Json]:
        return list(self.get(name).get("Tags", []))

    def set_tags(self, name: str, tags: list[Json]) -> None:
        self._groups.put(name, {**self.get(name), "Tags": tags})


def _document(name: str, configuration: Json, description: str, tags: list[Json] | None = None) -> Json:
    defaults = {
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EngineVersion": ENGINE,
        "ResultConfiguration": {},
    }
    return {
        "Name": name,
        "State": "ENABLED",
        "Description": description,
        "CreationTime": round(time.time(), 3),
        "Configuration": {**defaults, **configuration, "EngineVersion": ENGINE},
        "Tags": tags or [],
    }


def _checked(configuration: Json) -> Json:
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < MINIMUM_CUTOFF_BYTES:
        raise invalid(f"BytesScannedCutoffPerQuery must be at least {MINIMUM_CUTOFF_BYTES} bytes; it is {cutoff}.")
    location = configuration.get("ResultConfiguration", {}).get("OutputLocation")
    if location is not None:
        check_location(location)
        if keeps_results(configuration):
            raise invalid(NOT_TOGETHER)
    return configuration


def keeps_results(configuration: Json) -> bool:
    """Say whether Athena itself keeps the results of the work group's queries, and no bucket does.

    Source: https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
    """
    return bool(configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled"))


def check_location(location: str) -> None:
    """Refuse a result location that is no S3 path.

    Raises:
        ServiceError: as Athena says it.
    """
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", location):
        raise invalid(f"outputLocation is not a valid S3 path. Provided outputLocation: {location}")


def _updated(configuration: Json, updates: Json) -> Json:
    """Apply ``ConfigurationUpdates``: plain keys replace, ``Remove…`` switches remove."""
    changed = dict(configuration)
    for key, value in updates.items():
        if key in {"ResultConfigurationUpdates", "ManagedQueryResultsConfigurationUpdates"}:
            kept = key.removesuffix("Updates")
            changed[kept] = _updated_results(configuration.get(kept, {}), value)
        elif key == "RemoveBytesScannedCutoffPerQuery":
            if value:
                changed.pop("BytesScannedCutoffPerQuery", None)
        elif key == "RemoveCustomerContentEncryptionConfiguration":
            if value:
                changed.pop("CustomerContentEncryptionConfiguration", None)
        else:
            changed[key] = value
    return {**changed, "EngineVersion": ENGINE}


def _updated_results(configuration: Json, updates: Json) -> Json:
    changed = dict(configuration)
    for key, value in updates.items():
        if key.startswith("Remove"):
            if value:
                changed.pop(key.removeprefix("Remove"), None)
        else:
            changed[key] = value
    return changed
