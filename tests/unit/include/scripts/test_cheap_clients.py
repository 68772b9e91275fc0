"""What makes AWS clients cheap leaves the stack and the clients as they are."""

from __future__ import annotations

import inspect
from typing import Any

import botocore.session
from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

from tests import shipped


class NamedOperator:
    """Make a client as an operator does: its ``execute`` is on the stack."""

    def execute(self) -> Any:
        return AwsGenericHook(aws_conn_id=None, region_name="us-east-1", client_type="s3").conn


def test_the_stack_is_that_of_inspect_without_sources() -> None:
    cheap = shipped.load("include/scripts/cheap_clients.py").stack_without_sources()
    theirs = inspect.getouterframes(inspect.currentframe(), context=0)
    assert [(each.frame, each.function, each.filename) for each in cheap] == [(each.frame, each.function, each.filename) for each in theirs]  # fmt: skip
    assert cheap[0].code_context is None


def test_a_client_still_names_the_operator_that_made_it() -> None:
    assert "Caller/NamedOperator " in NamedOperator().execute().meta.config.user_agent_extra


def test_all_sessions_share_one_loader() -> None:
    assert botocore.session.create_loader("a") is botocore.session.create_loader("a")
