"""Simulate what the principals may do, by IAM's policy simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.orchestrator_policies import documents
from sales_cdc.provisioning.policies import Document, document
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level, unknown_if_refused

SCP = "a service control policy denies"
BOUNDARY = "its permissions boundary does not allow"


def permissions(clients: ReadOnlyClients, topology: Topology, principals: Mapping[str, str]) -> list[Finding]:
    """Return, for each document of ``make policies``, what its principal may not do.

    Args:
        principals: the ARN of the user or role, by the document's name.
    """
    found: list[Finding] = []
    for name, policy in _by_principal(topology).items():
        principal = principals.get(name, principals["provisioning"])
        if principal.endswith(":root"):
            found.append(
                Finding("permissions", Level.OK, f"'{name}': the account's root may do all; it cannot be simulated")
            )
            continue
        with unknown_if_refused(found, "permissions", f"What {principal} may do of '{name}'"):
            found += _judged(name, principal, _refused(clients.of("iam"), policy, principal))
    return found


def _by_principal(topology: Topology) -> dict[str, Document]:
    """Return the documents with those of the principal of setup as one: each reason is then said once."""
    found = documents(topology)
    lake = found.pop("provisioning-lake", document())
    both = [*found["provisioning"]["Statement"], *lake["Statement"]]
    return {**found, "provisioning": document(*both)}


def _judged(name: str, principal: str, refused: Mapping[str, set[str]]) -> list[Finding]:
    """Return one finding for each reason of a refusal; one for all actions when there is none."""
    if not refused:
        return [Finding("permissions", Level.OK, f"{principal} may do all of '{name}'")]
    return [
        Finding("permissions", Level.STOP, f"{principal} ('{name}'): {why} {', '.join(sorted(actions))}.")
        for why, actions in sorted(refused.items())
    ]


def _refused(iam: Any, policy: Document, principal: str) -> dict[str, set[str]]:
    """Return the actions, by reason, that the simulator does not allow on each of their resources.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    refused: dict[str, set[str]] = {}
    for statement in policy["Statement"]:
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=principal, ActionNames=statement["Action"], ResourceArns=statement["Resource"],
            ContextEntries=list(_context(statement)),
        )  # fmt: skip
        for result in (each for page in pages for each in page["EvaluationResults"]):
            if not _is_allowed(result):
                refused.setdefault(_why(result), set()).add(result["EvalActionName"])
    return refused


def _context(statement: Document) -> Iterator[dict[str, Any]]:
    """Yield a value that satisfies each condition of the statement."""
    for conditions in statement.get("Condition", {}).values():
        for key, values in conditions.items():
            first = values[0] if isinstance(values, list) else values
            yield {"ContextKeyName": key, "ContextKeyValues": [first], "ContextKeyType": "string"}


def _is_allowed(result: Mapping[str, Any]) -> bool:
    specific = result.get("ResourceSpecificResults") or []
    decisions = [each["EvalResourceDecision"] for each in specific] or [result["EvalDecision"]]
    return all(decision == "allowed" for decision in decisions)


def _why(result: Mapping[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return SCP
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return BOUNDARY
    return "a policy denies" if result["EvalDecision"] == "explicitDeny" else "no policy allows"
