"""Test how the preflight sums up, and whom and what it has IAM simulate."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.preflight.account import Caller
from sales_cdc.provisioning.preflight.findings import Finding, Level, is_go, unknown_if_refused, verdict
from sales_cdc.provisioning.preflight.plan import planned

from tests.unit.topologies import KEY, topology


def finding(level: Level) -> Finding:
    return Finding("region", level, f"{level}.")


def test_it_is_go_with_counts_unless_something_stands_in_the_way() -> None:
    found = [finding(level) for level in Level if level is not Level.STOP]
    assert is_go(found)
    assert verdict(found) == [
        "GO: nothing found stands in the way (1 resources to create, 1 to change, 1 to heed, 1 unknown)."
    ]
    assert verdict([]) == ["GO: nothing found stands in the way (nothing to change)."]


def test_it_is_no_go_with_every_reason() -> None:
    assert verdict([finding(Level.STOP)]) == ["NO-GO, for this reason:", "  region: stop."]
    assert verdict([finding(Level.STOP)] * 2)[0] == "NO-GO, for these reasons:"


def test_what_cannot_be_read_is_unknown_in_one_line() -> None:
    found: list[Finding] = []
    with unknown_if_refused(found, "quota", "It"):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not\nyou."}}, "DescribeLimits")
    assert found == [Finding("quota", Level.UNKNOWN, "It could not be read: denied (not you.).")]


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws:sts::1:assumed-role/airflow/session", "arn:aws:iam::1:role/airflow"),
        ("arn:aws-cn:sts::1:assumed-role/airflow/i-1", "arn:aws-cn:iam::1:role/airflow"),
        ("arn:aws:iam::1:user/team/me", "arn:aws:iam::1:user/team/me"),
    ],
)
def test_a_session_is_simulated_as_its_role(arn: str, principal: str) -> None:
    assert Caller("1", arn).principal == principal


@pytest.mark.parametrize(("of", "resources"), [(topology(), 29), (topology(kms_key_arn=KEY), 30)])
def test_the_plan_has_every_resource_once(of: Topology, resources: int) -> None:
    named = [(kind, str(definition.get(kind.name_field))) for kind, definition in planned(of, "", "")]
    assert len(named) == len(set(named)) == resources
