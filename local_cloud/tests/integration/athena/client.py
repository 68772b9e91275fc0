"""A database and a bucket of a test's own in the local Athena, and queries on them by boto3."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
OPENX = "org.openx.data.jsonserde.JsonSerDe"


@dataclass(frozen=True)
class Outcome:
    """How a query ended: rows without the header, or the reason of its failure."""

    state: str
    reason: str
    names: list[str]
    types: list[str]
    rows: list[list[str | None]]
    execution: dict[str, Any]


class Athena:
    """A database and bucket of its own, and queries on them by boto3."""

    def __init__(self, cloud: Any, prefix: str) -> None:
        self.cloud, self.database, self.bucket = cloud, prefix, f"{prefix}-bucket"
        self.client, self.s3, self.glue = cloud.client("athena"), cloud.client("s3"), cloud.client("glue")
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})

    @property
    def output(self) -> str:
        return f"s3://{self.bucket}/results/"

    def start(self, sql: str, **options: Any) -> str:
        settings = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": self.output},
            **options,
        }
        return str(self.client.start_query_execution(QueryString=sql, **settings)["QueryExecutionId"])

    def finish(self, execution_id: str) -> Outcome:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            execution = self.client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] in FINAL:
                return self._outcome(execution)
            time.sleep(0.05)
        raise AssertionError(f"query {execution_id} did not end")

    def _outcome(self, execution: dict[str, Any]) -> Outcome:
        status = execution["Status"]
        if status["State"] != "SUCCEEDED":
            return Outcome(status["State"], status.get("StateChangeReason", ""), [], [], [], execution)
        page = self.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
        columns = page["ResultSetMetadata"]["ColumnInfo"]
        rows = [[value.get("VarCharValue") for value in row["Data"]] for row in page["Rows"]]
        header = execution["ResultConfiguration"]["OutputLocation"].endswith(".csv")
        return Outcome(
            "SUCCEEDED",
            "",
            [column["Name"] for column in columns],
            [column["Type"] for column in columns],
            rows[header:],
            execution,
        )

    def run(self, sql: str, **options: Any) -> Outcome:
        return self.finish(self.start(sql, **options))

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        outcome = self.run(sql, **options)
        assert outcome.state == "SUCCEEDED", outcome.reason
        return outcome.rows

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def json_table(self, name: str, columns: str, lines: str, properties: str = "", table_properties: str = "") -> None:
        """A table over one object of JSON lines."""
        self.put(f"{name}/part-0.json", lines)
        serde = f"WITH SERDEPROPERTIES ({properties})" if properties else ""
        extra = f"TBLPROPERTIES ({table_properties})" if table_properties else ""
        self.rows(
            f"CREATE EXTERNAL TABLE {name} ({columns}) ROW FORMAT SERDE '{OPENX}' {serde} LOCATION 's3://{self.bucket}/{name}/' {extra}"
        )


def external(athena: Athena, name: str, columns: str, folder: str, serde: str = OPENX, rest: str = "") -> str:
    return f"CREATE EXTERNAL TABLE {name} ({columns}) {rest} ROW FORMAT SERDE '{serde}' LOCATION 's3://{athena.bucket}/{folder}/'"
