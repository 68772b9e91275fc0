"""Hold the policies against AWS's Service Authorization Reference, and against what the code calls.

The judges: the reference for the spelling of actions and condition keys, for resource types and dependent actions; the recording
of a run of the DAGs and of the page for what is needed. ``needed_actions`` names, with sources, what that run does not call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from sales_cdc.deployment.topology import SERVICES, Topology
from sales_cdc.provisioning import orchestrator_policies as own
from sales_cdc.provisioning.policies import Document, permissions

from tests.recorded_calls import COMMAND, recorded_calls
from tests.unit.provisioning import service_authorization as aws
from tests.unit.provisioning.needed_actions import (
    ACTIONS_OF_OPERATIONS,
    ASKED_OF_ROLES,
    NOT_CALLED_BY_US,
    RARELY_CALLED,
    TAGGING,
    WITHOUT_PERMISSION,
)
from tests.unit.topologies import KEY, topology

PLUGIN = Path(__file__).resolve().parents[3] / "plugins" / "sales_cdc"
GLOBAL_CONDITION_KEYS = {"aws:SourceAccount", "aws:SourceArn", "aws:SecureTransport"}
"""Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
IRRELEVANT_DEPENDENCIES = {"lambda:PassCapacityProvider"}
"""Of functions on a capacity provider, which ours is not on."""


def documents_of(of: Topology) -> dict[str, Document]:
    return {**own.documents(of), **{service: permissions(of, service) for service in SERVICES}}


STACK = topology(kms_key_arn=KEY, managed_by="cloudformation")
DOCUMENTS = {
    f"{name}{suffix}": document
    for of, suffix in (
        (topology(), ""),
        (topology(kms_key_arn=KEY), " with a key"),
        (topology(table="shop"), " adopting a table"),
        (topology(table="shop", kms_key_arn=KEY), " adopting a table with a key"),
        (STACK, " of a stack"),
        (topology(table="shop", managed_by="cloudformation"), " of a stack that adopts a table"),
    )
    for name, document in documents_of(of).items()
}
EACH_PRINCIPAL = pytest.mark.parametrize("principal", ["provisioning", "operating", "verifying"])
EACH = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


def grants(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each action with the statement that allows it."""
    for statement in document["Statement"]:
        for action in statement["Action"]:
            yield action, statement


def granted(*documents: Document) -> set[str]:
    return {action for document in documents for action, _ in grants(document)}


def principals() -> dict[str, set[str]]:
    """Return what each principal of the recording may do."""
    of = own.documents(topology(kms_key_arn=KEY))
    return {
        "provisioning": granted(of["provisioning"], of["provisioning-lake"], of["encrypting"]),
        "operating": granted(of["operating"]),
        "verifying": granted(own.documents(STACK)["provisioning"]),
    }


def needed(operation: str, parameters: list[str]) -> set[str]:
    """Return the actions that a call of an operation needs."""
    if operation in WITHOUT_PERMISSION:
        return set()
    service, _, name = operation.partition(":")
    actions = set(ACTIONS_OF_OPERATIONS.get(operation, [operation]))
    creates = name.startswith(("Create", "Put"))
    tagged = any(each.lower().endswith("tags") for each in parameters) and creates
    return actions | ({TAGGING[service]} if tagged else set())


def needed_by(principal: str) -> set[str]:
    return {action for call, names in recorded_calls()[principal].items() for action in needed(call, names)}


@EACH
def test_every_action_is_one_of_aws_spelled_as_aws_spells_it(document: Document) -> None:
    assert [action for action in granted(document) if aws.find_action(action) is None] == []


@EACH
def test_every_resource_is_of_a_type_that_the_action_takes(document: Document) -> None:
    wrong = []
    for action, statement in grants(document):
        for arn in statement["Resource"]:
            fits = not aws.resource_types(action) if arn == "*" else aws.types_of(action, arn)
            wrong += [] if fits else [(action, arn)]
    assert wrong == []


@EACH
def test_every_type_that_an_action_is_checked_on_is_named(document: Document) -> None:
    named: dict[str, set[str]] = {}
    for action, statement in grants(document):
        kinds = {kind for arn in statement["Resource"] for kind in aws.types_of(action, arn)}
        named.setdefault(action, set()).update(kinds)
    missing = {action: set(aws.required_types(action)) - kinds for action, kinds in named.items()}
    assert {action: kinds for action, kinds in missing.items() if kinds} == {}


@EACH
def test_every_condition_key_is_one_of_its_action(document: Document) -> None:
    for action, statement in grants(document):
        keys = {key for keys in statement.get("Condition", {}).values() for key in keys}
        assert keys <= aws.condition_keys(action) | GLOBAL_CONDITION_KEYS, action


@EACH_PRINCIPAL
def test_every_action_that_another_depends_on_is_granted_too(principal: str) -> None:
    may = principals()[principal]
    depended = {each for action in may for each in aws.dependent_actions(action)} - IRRELEVANT_DEPENDENCIES
    assert depended - may == set()


@EACH_PRINCIPAL
def test_every_recorded_call_is_allowed(principal: str) -> None:
    missing = needed_by(principal) - principals()[principal]
    assert missing == set(), f"needed and not granted; the recording is made by: {COMMAND}"


@EACH_PRINCIPAL
def test_nothing_is_granted_that_nothing_needs(principal: str) -> None:
    known = needed_by(principal) | set(RARELY_CALLED[principal]) | set(NOT_CALLED_BY_US[principal])
    assert principals()[principal] - known == set()


@EACH_PRINCIPAL
def test_what_no_recorded_run_calls_is_still_called_by_the_room_that_is_named(principal: str) -> None:
    for action, (room, operation) in RARELY_CALLED[principal].items():
        assert action in principals()[principal], f"{action} is not granted any more"
        texts = (path.read_text() for path in (PLUGIN / room).rglob("*.py"))
        assert any(xform_name(operation) in text for text in texts), f"{room} does not call {operation}"
    assert set(NOT_CALLED_BY_US[principal]) <= principals()[principal]


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_may_do_what_aws_asks_of_it_and_no_more(service: str) -> None:
    asked = {action for _, actions in ASKED_OF_ROLES[service] for action in actions}
    assert granted(DOCUMENTS[f"{service} with a key"]) == asked
