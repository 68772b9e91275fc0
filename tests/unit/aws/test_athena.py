"""The Athena client: what it starts, how long it waits, and which rows it reads; against botocore's own models."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sales_cdc.aws.athena import MAX_ROWS, Athena, Policy, QueryFailedError, literal
from sales_cdc.aws.query_rows import QueryRows

RUN = {"QueryExecutionId": "q1"}
AT = datetime(2026, 11, 25, tzinfo=UTC)
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("athena", **KEYS)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def client(stub: Stubber, **policy: Any) -> Athena:
    hurried = Policy(**{"first_pause_seconds": 0.0, "max_pause_seconds": 0.0, **policy})
    return Athena(stub.client, workgroup="w", database="d", policy=hurried)


def seen(state: str, reason: str = "", sql: str = "SELECT 1") -> dict[str, Any]:
    status = {"State": state, "CompletionDateTime": AT} | ({"StateChangeReason": reason} if reason else {})
    return {
        "QueryExecution": {
            **RUN, "Query": sql, "Status": status, "Statistics": {"DataScannedInBytes": 7}, "SubstatementType": "SELECT",
            "ResultConfiguration": {"OutputLocation": "s3://results/folder/q1.csv"},
        }
    }  # fmt: skip


def page(*lines: list[str | None], columns: tuple[str, ...] = ("name", "amount"), **further: Any) -> dict[str, Any]:
    rows = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in line]} for line in lines]
    described = [{"Name": name, "Type": "varchar"} for name in columns]
    return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": described}}, **further}


def test_a_statement_runs_in_its_work_group_and_database_with_quoted_values(stub: Stubber) -> None:
    place = {"QueryExecutionContext": {"Database": "d"}, "WorkGroup": "w"}
    stub.add_response("start_query_execution", RUN, {"QueryString": "SELECT ?", "ExecutionParameters": ["'it''s'"], **place})  # fmt: skip
    stub.add_response("start_query_execution", RUN, {"QueryString": "SELECT 1", **place})
    assert client(stub).start("SELECT ?", ["it's"]) == "q1"
    assert client(stub).start("SELECT 1") == "q1"


@pytest.mark.parametrize(("text", "told"), [("a", "'a'"), ("it's", "'it''s'"), ("'; --", "'''; --'"), ("", "''")])
def test_a_value_is_quoted_as_athena_takes_it(text: str, told: str) -> None:
    assert literal(text) == told


def test_a_query_is_waited_for_until_it_has_succeeded(stub: Stubber) -> None:
    for state in ("QUEUED", "RUNNING", "SUCCEEDED"):
        stub.add_response("get_query_execution", seen(state), RUN)
    found = client(stub).wait("q1")
    assert (found.query, found.sql, found.scanned_bytes, found.ended_at) == ("q1", "SELECT 1", 7, AT)


def test_a_throttled_look_is_waited_out_and_a_denied_one_is_not(stub: Stubber) -> None:
    stub.add_client_error("get_query_execution", "ThrottlingException")
    stub.add_client_error("get_query_execution", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(stub).wait("q1")


@pytest.mark.parametrize(("state", "reason"), [("FAILED", "TABLE_NOT_FOUND: no raw_orders"), ("CANCELLED", "")])
def test_a_query_that_does_not_succeed_tells_its_state_and_reason(stub: Stubber, state: str, reason: str) -> None:
    stub.add_response("get_query_execution", seen(state, reason), RUN)
    with pytest.raises(QueryFailedError, match=rf"query q1 on the tables of 'd' .* ended as {state}: ") as failed:
        client(stub).wait("q1")
    assert (failed.value.query, failed.value.state, failed.value.reason) == ("q1", state, reason or "no reason given")


def test_a_query_that_takes_longer_than_the_policy_says_is_stopped(stub: Stubber) -> None:
    stub.add_response("get_query_execution", seen("RUNNING"), RUN)
    stub.add_response("stop_query_execution", {}, RUN)
    with pytest.raises(QueryFailedError, match="was stopped") as failed:
        client(stub, patience_seconds=-1.0).wait("q1")
    assert failed.value.state == "CANCELLED"


def test_the_first_rows_come_in_one_call_without_their_header(stub: Stubber) -> None:
    stub.add_response("get_query_results", page(["name", "amount"], ["a", None]), {**RUN, "MaxResults": MAX_ROWS + 1})
    stub.add_response("get_query_results", page(["name", "amount"]), {**RUN, "MaxResults": 4})
    stub.add_response("get_query_results", page(["name", "amount"]), {**RUN, "MaxResults": 3})
    assert client(stub).first_rows("q1") == QueryRows(["name", "amount"], ["varchar", "varchar"], [["a", None]])
    assert client(stub, max_rows=3).first_rows("q1").rows == []
    assert client(stub).first_rows("q1", 2).rows == []


def test_all_rows_come_page_by_page(stub: Stubber) -> None:
    stub.add_response("get_query_results", page(["name", "amount"], ["a", "1"], NextToken="next"), RUN)
    stub.add_response("get_query_results", page(["name", "amount"], ["b", None]), {**RUN, "NextToken": "next"})
    assert client(stub).all_rows("q1").rows == [["a", "1"], ["name", "amount"], ["b", None]]


def test_a_statement_without_header_keeps_its_first_line_and_tells_what_it_changed(stub: Stubber) -> None:
    stub.add_response("get_query_results", page(["orders"], columns=("tab_name",), UpdateCount=2), RUN)
    found = client(stub).all_rows("q1")
    assert (found.rows, found.changed_rows) == ([["orders"]], 2)


class Objects:
    """The one call of S3 that streaming makes."""

    def __init__(self, **objects: bytes) -> None:
        self._objects = objects

    def download_fileobj(self, bucket: str, key: str, file: io.BufferedRandom) -> None:
        assert (bucket, key) == ("results", "folder/q1.csv")
        file.write(self._objects["content"])


def test_streamed_rows_are_those_of_the_result_object(stub: Stubber) -> None:
    stub.add_response("get_query_execution", seen("SUCCEEDED"), RUN)
    content = '"name","amount"\n"it\'s ""x"",\n📦","1"\n"b",\n'.encode()
    rows = client(stub).streamed_rows("q1", Objects(content=content))
    assert list(rows) == [['it\'s "x",\n📦', "1"], ["b", ""]]


def test_an_earlier_answer_is_read_again_when_it_is_of_one_of_the_statements(stub: Stubber) -> None:
    stub.add_response("get_query_execution", seen("SUCCEEDED", sql="SELECT 1\n"), RUN)
    stub.add_response("get_query_results", page(["name", "amount"], ["a", "1"]))
    found = client(stub).answered("q1", ["SELECT 2", "SELECT 1"])
    assert found
    assert (found[0].query, found[1].rows) == ("q1", [["a", "1"]])


@pytest.mark.parametrize(("state", "sql"), [("SUCCEEDED", "SELECT 3"), ("FAILED", "SELECT 1"), ("RUNNING", "SELECT 1")])
def test_another_statement_or_an_unfinished_one_is_no_answer(stub: Stubber, state: str, sql: str) -> None:
    stub.add_response("get_query_execution", seen(state, sql=sql), RUN)
    assert client(stub).answered("q1", ["SELECT 1"]) is None


def test_an_answer_that_athena_has_forgotten_is_none(stub: Stubber) -> None:
    stub.add_client_error("get_query_execution", "InvalidRequestException", "QueryExecution q1 was not found")
    assert client(stub).answered("q1", ["SELECT 1"]) is None
    stub.add_response("get_query_execution", seen("SUCCEEDED"), RUN)
    stub.add_client_error("get_query_results", "InvalidRequestException", "Could not find results")
    assert client(stub).answered("q1", ["SELECT 1"]) is None
    stub.add_client_error("get_query_execution", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(stub).answered("q1", ["SELECT 1"])
