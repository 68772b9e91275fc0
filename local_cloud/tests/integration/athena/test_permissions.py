"""A query may do what its caller may: on the catalog, on the table's objects, and where its results go."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
RUN = {"Effect": "Allow", "Action": ["athena:*"], "Resource": "*"}
CATALOG = {"Effect": "Allow", "Action": ["glue:Get*"], "Resource": "*"}


class Shop:
    """A bucket with a table of one object, and users with policies of their own."""

    def __init__(self, cloud: Any, prefix: str) -> None:
        self.cloud, self.name, self.bucket = cloud, prefix, f"{prefix}-shop"
        self.iam = cloud.client("iam")
        cloud.client("s3").create_bucket(Bucket=self.bucket)
        self.put("orders/part-0.json", '{"id":1}\n{"id":2}\n')
        self._create_table()

    def put(self, key: str, text: str) -> None:
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def _create_table(self) -> None:
        glue = self.cloud.client("glue")
        glue.create_database(DatabaseInput={"Name": self.name})
        descriptor = {
            "Columns": [{"Name": "id", "Type": "int"}],
            "Location": f"s3://{self.bucket}/orders/",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
        }
        glue.create_table(
            DatabaseName=self.name,
            TableInput={"Name": "orders", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": descriptor},
        )

    def allow(self, *actions: str, on: str = "") -> dict[str, Any]:
        """A statement for the bucket and the objects under a prefix."""
        arn = f"arn:aws:s3:::{self.bucket}"
        return {"Effect": "Allow", "Action": list(actions), "Resource": [arn, f"{arn}/{on}*"]}

    @property
    def output(self) -> dict[str, Any]:
        return self.allow("s3:GetBucketLocation", "s3:PutObject", "s3:GetObject", on="results/")

    def user(self, name: str, *statements: dict[str, Any]) -> Any:
        """A session with the keys of a new user who may do what the statements allow."""
        user = f"{self.name}-{name}"
        self.iam.create_user(UserName=user)
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)
        keys = self.iam.create_access_key(UserName=user)["AccessKey"]
        return boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")

    def client(self, session: Any, service: str) -> Any:
        return session.client(service, endpoint_url=self.cloud.endpoint)

    def run(self, session: Any, sql: str = "SELECT count(*) FROM orders") -> dict[str, Any]:
        """The QueryExecution at its end."""
        athena = self.client(session, "athena")
        execution_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.name},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
        )["QueryExecutionId"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if found["Status"]["State"] in FINAL:
                return found
            time.sleep(0.05)
        raise AssertionError(f"query {execution_id} did not end")

    def rows(self, session: Any, execution: dict[str, Any]) -> list[list[str]]:
        page = self.client(session, "athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return [[value["VarCharValue"] for value in row["Data"]] for row in page["ResultSet"]["Rows"][1:]]


@pytest.fixture
def shop(cloud: Any, prefix: str) -> Shop:
    return Shop(cloud, prefix)


@pytest.fixture
def administrator() -> Any:
    return boto3.session.Session("test", "test", region_name="us-east-1")


def refusal(execution: dict[str, Any]) -> str:
    status = execution["Status"]
    assert status["State"] == "FAILED", status
    assert status["AthenaError"]["ErrorCategory"] == 2
    return str(status["StateChangeReason"])


def test_who_may_everything_gets_rows(shop: Shop) -> None:
    session = shop.user("analyst", RUN, CATALOG, shop.allow("s3:ListBucket", "s3:GetObject", on="orders/"), shop.output)
    execution = shop.run(session)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert shop.rows(session, execution) == [["2"]]


def test_a_role_is_a_caller_too(shop: Shop) -> None:
    name = f"{shop.name}-role"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = shop.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    statements = [RUN, CATALOG, shop.allow("s3:ListBucket", on="orders/"), shop.output]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    shop.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    keys = shop.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="shift")["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )
    assert f"Permission denied on S3 path: s3://{shop.bucket}/orders/part-0.json" in refusal(shop.run(session))
    assert shop.run(session, "SELECT 1 AS n")["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("allowed", "named"),
    [([], ":catalog"), ([":catalog"], ":database/{0}"), ([":catalog", ":database/{0}"], ":table/{0}/orders")],
)
def test_a_denied_catalog_read_names_the_catalog_the_database_or_the_table(
    shop: Shop, allowed: list[str], named: str
) -> None:
    """The order is that of AWS's denials, as in https://github.com/ultorg/public_issues/issues/63 (the catalog) and
    https://github.com/Altinity/ClickHouse/issues/954 (the database, after the catalog)."""
    arns = [f"arn:aws:glue:*:*{each.format(shop.name)}" for each in (*allowed, ":nothing")]
    read = {"Effect": "Allow", "Action": "glue:GetTable", "Resource": arns}
    reason = refusal(shop.run(shop.user("athena-only", RUN, read, shop.output)))
    where = f"arn:aws:glue:us-east-1:000000000000{named.format(shop.name)}"
    assert f"is not authorized to perform: glue:GetTable on resource: {where}" in reason


@pytest.mark.parametrize("sql", ["SHOW TABLES", "CREATE DATABASE {0}_new", "DROP DATABASE {0} CASCADE"])
def test_ddl_needs_the_catalog_and_the_database_default(shop: Shop, sql: str) -> None:
    """Configure access to databases and tables: every example of DDL has GetDatabase on the catalog and ``database/default``.

    Source: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    """
    glue = "arn:aws:glue:us-east-1:000000000000"
    own = [
        f"{glue}:database/{shop.name}*",
        *(f"{glue}:{kind}/{shop.name}/*" for kind in ("table", "userDefinedFunction")),
    ]
    allowed = {"Effect": "Allow", "Action": "glue:*", "Resource": [*own, f"{glue}:catalog"]}
    reason = refusal(shop.run(shop.user("maker", RUN, allowed, shop.output), sql.format(shop.name)))
    assert f"is not authorized to perform: glue:GetDatabase on resource: {glue}:database/default" in reason
    default = {"Effect": "Allow", "Action": "glue:GetDatabase", "Resource": f"{glue}:database/default"}
    execution = shop.run(shop.user("complete", RUN, allowed, default, shop.output), sql.format(shop.name))
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]


def test_a_denied_listing_names_the_location(shop: Shop) -> None:
    reason = refusal(shop.run(shop.user("glue-only", RUN, CATALOG, shop.output)))
    assert f"Permission denied on S3 path: s3://{shop.bucket}/orders/" in reason


def test_a_copy_read_for_another_is_no_way_around_s3(shop: Shop, administrator: Any) -> None:
    assert shop.run(administrator)["Status"]["State"] == "SUCCEEDED"
    session = shop.user("lister", RUN, CATALOG, shop.allow("s3:ListBucket"), shop.output)
    reason = refusal(shop.run(session))
    assert f"Permission denied on S3 path: s3://{shop.bucket}/orders/part-0.json" in reason


def test_a_large_object_is_read_with_the_callers_permissions_too(shop: Shop) -> None:
    """Large objects are not sent over HTTP."""
    shop.put("orders/large.json", '{"id":3}\n' * 200_000)
    reader = shop.user("reader", RUN, CATALOG, shop.allow("s3:ListBucket", "s3:GetObject", on="orders/"), shop.output)
    lister = shop.user("lister", RUN, CATALOG, shop.allow("s3:ListBucket"), shop.allow("s3:GetObject", on="orders/part"), shop.output)  # fmt: skip
    reason = refusal(shop.run(lister))
    assert f"Permission denied on S3 path: s3://{shop.bucket}/orders/large.json (GetObject: " in reason
    assert shop.rows(reader, shop.run(reader)) == [["200002"]]
    assert "orders/large.json" in refusal(shop.run(lister))
    shop.put("orders/large.json", '{"id":4}\n' * 150_000)
    assert shop.rows(reader, shop.run(reader)) == [["150002"]]


def test_permissions_that_are_taken_away_count_at_the_next_query(shop: Shop) -> None:
    session = shop.user("leaver", RUN, CATALOG, shop.allow("s3:ListBucket", "s3:GetObject", on="orders/"), shop.output)
    assert shop.run(session)["Status"]["State"] == "SUCCEEDED"
    shop.iam.put_user_policy(
        UserName=f"{shop.name}-leaver",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [RUN, CATALOG, shop.output]}),
    )
    assert "Permission denied on S3 path" in refusal(shop.run(session))


def test_a_denied_result_names_the_location(shop: Shop) -> None:
    reading = shop.allow("s3:ListBucket", "s3:GetObject", "s3:GetBucketLocation")
    execution = shop.run(shop.user("reader", RUN, CATALOG, reading))
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert f"Access denied when writing output to url: {location}" in refusal(execution)


def test_who_may_not_see_the_results_bucket_cannot_start(shop: Shop) -> None:
    with pytest.raises(ClientError, match=f"Unable to verify/create output bucket {shop.bucket}"):
        shop.run(shop.user("stranger", RUN, CATALOG))


def test_results_are_read_with_the_readers_permissions(shop: Shop, administrator: Any) -> None:
    execution = shop.run(administrator)
    session = shop.user("curious", RUN)
    with pytest.raises(ClientError, match="s3:GetObject is needed") as refused:
        shop.rows(session, execution)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_tables_are_made_and_dropped_with_the_callers_permissions(shop: Shop) -> None:
    session = shop.user("maker", RUN, CATALOG, shop.allow("s3:*"))
    made = f"CREATE TABLE copy WITH (external_location = 's3://{shop.bucket}/copy/') AS SELECT id FROM orders"
    assert "is not authorized to perform: glue:CreateTable" in refusal(shop.run(session, made))
    assert "is not authorized to perform: glue:DeleteTable" in refusal(shop.run(session, "DROP TABLE orders"))


def test_iceberg_tables_are_read_with_the_callers_permissions(shop: Shop, administrator: Any) -> None:
    location = f"s3://{shop.bucket}/iceberg"
    made = f"CREATE TABLE kept WITH (table_type = 'ICEBERG', is_external = false, location = '{location}') AS SELECT 1 AS n"
    execution = shop.run(administrator, made)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    session = shop.user("outsider", RUN, CATALOG, shop.output)
    assert f"Permission denied on S3 path: {location}/metadata/" in refusal(shop.run(session, "SELECT n FROM kept"))


def test_the_catalog_calls_show_what_the_caller_may_see(shop: Shop) -> None:
    athena = shop.client(shop.user("nosy", RUN), "athena")
    with pytest.raises(ClientError, match="is not authorized to perform: glue:GetTable ") as refused:
        athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=shop.name, TableName="orders")
    assert refused.value.response["Error"]["Code"] == "MetadataException"
