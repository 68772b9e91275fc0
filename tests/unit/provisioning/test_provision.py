"""Test that provisioning and removal are idempotent, also in races, and never touch foreign resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sales_cdc.aws.task_errors import ResourceError
from sales_cdc.provisioning.operators.provision import DriftError, ForeignResourceError, ProvisionOperator
from sales_cdc.provisioning.operators.remove import RemoveOperator
from sales_cdc.provisioning.resources.resource import Found, ResourceHook

from tests.unit.provisioning.conftest import Clock

TAGS = {"owner": "us"}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "because"}}, "CreateThing")


class ShelfHook(ResourceHook):
    """Provision resources that exist only in memory."""

    service = "sts"
    kind = "thing"
    name_field = "Name"
    absent_codes = frozenset({"Absent"})
    taken_codes = frozenset({"Taken"})
    shelf: dict[str, Found]
    faster: Found | None = None  # what somebody else makes between our looking and making
    updated: Found | None = None  # what somebody else makes of it between our looking and updating

    def describe(self, name: str) -> Found | None:
        return self.shelf.get(name)

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        return bool(found.description.get("Source") != definition.get("Source"))

    def create(self, definition: Mapping[str, Any]) -> None:
        if self.faster is not None:
            self.shelf["x"] = self.faster
            raise refusal("Taken")
        self.shelf["x"] = thing(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = [name for name, value in definition.items() if found.description.get(name) != value]
        if changes and self.updated is not None:
            self.shelf["x"] = self.updated
            raise refusal("Taken")
        if changes:
            self.shelf["x"] = thing(**definition)
        return changes

    def delete(self, found: Found) -> None:
        if found.name not in self.shelf:
            raise refusal("Absent")
        del self.shelf[found.name]


def thing(tags: Mapping[str, str] = TAGS, **description: Any) -> Found:
    return Found("x", "arn:x", tags, description)


class ProvisionThing(ProvisionOperator):
    aws_hook_class = ShelfHook


class RemoveThing(RemoveOperator):
    aws_hook_class = ShelfHook


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> dict[str, Found]:
    things: dict[str, Found] = {}
    monkeypatch.setattr(ShelfHook, "shelf", things, raising=False)
    return things


def provision(**definition: Any) -> dict[str, str]:
    operator = ProvisionThing(task_id="provision", definition={"Name": "x", **definition}, owner_tags=TAGS)
    return operator.execute({})


def verify(**definition: Any) -> dict[str, str]:
    operator = ProvisionThing(
        task_id="verify", definition={"Name": "x", **definition}, owner_tags=TAGS, verify_only=True
    )
    return operator.execute({})


def remove() -> dict[str, str]:
    return RemoveThing(task_id="remove", resource="x", owner_tags=TAGS).execute({})


def test_a_missing_resource_is_created_then_unchanged_then_updated(shelf: dict[str, Found]) -> None:
    assert provision(Size=1) == {"name": "x", "arn": "arn:x", "action": "created"}
    assert provision(Size=1)["action"] == "unchanged"
    assert provision(Size=2)["action"] == "updated"
    assert shelf["x"].description["Size"] == 2


def test_a_resource_that_cannot_be_updated_is_replaced(shelf: dict[str, Found]) -> None:
    provision(Source="old")
    assert provision(Source="new")["action"] == "updated"
    assert shelf["x"].description["Source"] == "new"


def test_a_resource_created_by_another_run_meanwhile_is_accepted(
    shelf: dict[str, Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShelfHook, "faster", thing(Name="x", Size=1))
    assert provision(Size=1)["action"] == "unchanged"


def test_a_part_of_a_resource_added_by_another_run_meanwhile_is_accepted(
    shelf: dict[str, Found], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    shelf["x"] = thing(Name="x")
    monkeypatch.setattr(ShelfHook, "updated", thing(Name="x", Stream="S3Delivery"))
    assert provision(Stream="S3Delivery")["action"] == "unchanged"
    assert clock.now == 1


def test_a_resource_that_another_run_makes_and_that_cannot_be_seen_yet_is_looked_for_again(
    shelf: dict[str, Found], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    theirs = thing(Name="x")
    looks = iter([None, None, theirs, theirs])
    monkeypatch.setattr(ShelfHook, "faster", theirs)
    monkeypatch.setattr(ShelfHook, "describe", lambda *_: next(looks))
    assert provision()["action"] == "unchanged"
    assert clock.now == 1


def test_a_resource_that_never_can_be_seen_fails_the_try_and_not_the_run(
    shelf: dict[str, Found], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(ShelfHook, "faster", thing(Name="x"))
    monkeypatch.setattr(ShelfHook, "describe", lambda *_: None)
    with pytest.raises(ResourceError, match="another run makes or removes it at the same time"):
        provision()
    assert 90 < clock.now <= 120


def test_a_foreign_resource_created_meanwhile_is_an_error_once_tags_would_be_visible(
    shelf: dict[str, Found], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(ShelfHook, "faster", thing(tags={}, Name="x"))
    with pytest.raises(ForeignResourceError, match="did not create it"):
        provision()
    assert 90 < clock.now <= 120


@pytest.mark.parametrize("source", ["same", "other"])
def test_a_foreign_resource_is_neither_updated_nor_replaced(shelf: dict[str, Found], source: str) -> None:
    theirs = shelf["x"] = thing(tags={"owner": "them"}, Source="same")
    with pytest.raises(ForeignResourceError, match="SALES_CDC_PREFIX"):
        provision(Source=source, Size=3)
    assert shelf["x"] is theirs


def test_removal_is_done_once_and_then_finds_nothing(shelf: dict[str, Found]) -> None:
    shelf["x"] = thing()
    assert remove() == {"name": "x", "action": "removed"}
    assert remove() == {"name": "x", "action": "absent"}


def test_a_foreign_resource_is_left(shelf: dict[str, Found]) -> None:
    shelf["x"] = thing(tags={})
    assert remove()["action"] == "left"
    assert "x" in shelf


def test_a_resource_of_a_stack_is_verified_and_never_made(shelf: dict[str, Found]) -> None:
    with pytest.raises(DriftError, match=r"There is no thing 'x'\. Setup changed nothing"):
        verify(Size=1)
    assert not shelf
    shelf["x"] = thing(Name="x", Size=1)
    assert verify(Size=1) == {"name": "x", "arn": "arn:x", "action": "verified"}


def test_a_resource_of_a_stack_that_differs_is_named_with_what_differs(shelf: dict[str, Found]) -> None:
    shelf["x"] = thing(Name="x", Size=1, Source="old")
    with pytest.raises(DriftError, match="differs from its definition in Size"):
        verify(Size=2, Source="old")
    with pytest.raises(DriftError, match="what AWS cannot update in place"):
        verify(Size=1, Source="new")


@pytest.mark.parametrize("tags", [{}, {"owner": "them"}], ids=["none", "another's"])
def test_a_foreign_resource_is_not_verified(shelf: dict[str, Found], tags: dict[str, str]) -> None:
    shelf["x"] = thing(tags=tags, Name="x")
    with pytest.raises(ForeignResourceError):
        verify()


def test_a_resource_of_a_stack_is_left(shelf: dict[str, Found]) -> None:
    shelf["x"] = thing()
    assert RemoveThing(task_id="remove", resource="x", owner_tags=TAGS, keep=True).execute({})["action"] == "left"
    assert "x" in shelf
