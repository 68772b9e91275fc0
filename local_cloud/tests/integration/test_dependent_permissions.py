"""A call needs each permission that AWS asks for it: on every resource, and for what it does beside its own action."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.stream_parts import Cloud, Parts

pytestmark = pytest.mark.integration
PLACE = "us-east-1:000000000000"


class User:
    """A user with one policy that can be replaced."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud, self.name, self.iam = cloud, name, cloud.client("iam")
        self.iam.create_user(UserName=name)
        self.keys = self.iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service: str) -> Any:
        session = boto3.session.Session(self.keys["AccessKeyId"], self.keys["SecretAccessKey"], region_name="us-east-1")
        return session.client(service, endpoint_url=self.cloud.endpoint)

    def may(self, *permissions: tuple[list[str], list[str]]) -> None:
        """Allow actions on resources, and nothing else."""
        statements = [{"Effect": "Allow", "Action": does, "Resource": on} for does, on in permissions]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_user_policy(UserName=self.name, PolicyName="all", PolicyDocument=document)


@pytest.fixture
def user(cloud: Cloud, prefix: str) -> User:
    return User(cloud, prefix)


@pytest.fixture
def function(cloud: Cloud, prefix: str) -> Iterator[str]:
    """A function with a tag; its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("main.py", "def handler(event, context): ...\n")
    role = Parts(cloud, prefix).role("function", "lambda.amazonaws.com", {"*": ["logs:PutLogEvents"]})
    client = cloud.client("lambda")
    yield client.create_function(
        FunctionName=prefix, Runtime="python3.11", Role=role, Handler="main.handler",
        Code={"ZipFile": archive.getvalue()}, Tags={"owner": "us"},
    )["FunctionArn"]  # fmt: skip
    client.delete_function(FunctionName=prefix)


def test_get_function_shows_tags_only_to_whom_may_list_them(user: User, function: str) -> None:
    """botocore's GetFunctionResponse: "Lambda returns tag data only if you have explicit allow permissions for lambda:ListTags"."""
    user.may((["lambda:GetFunction"], [function]))
    shown = user.client("lambda").get_function(FunctionName=user.name)
    assert "Tags" not in shown
    assert "lambda:ListTags" in shown["TagsError"]["Message"]
    user.may((["lambda:GetFunction", "lambda:ListTags"], [function]))
    shown = user.client("lambda").get_function(FunctionName=user.name)
    assert (shown["Tags"], "TagsError" in shown) == ({"owner": "us"}, False)


@pytest.mark.parametrize("missing", ["catalog", "database", "table", "userDefinedFunction"])
def test_a_database_is_deleted_with_permissions_on_all_that_it_holds(user: User, missing: str) -> None:
    """The Service Authorization Reference of DeleteDatabase: catalog, database, table and userdefinedfunction are required."""
    user.cloud.client("glue").create_database(DatabaseInput={"Name": user.name})
    arn = f"arn:aws:glue:{PLACE}"
    resources = {
        "catalog": f"{arn}:catalog", "database": f"{arn}:database/{user.name}", "table": f"{arn}:table/{user.name}/*",
        "userDefinedFunction": f"{arn}:userDefinedFunction/{user.name}/*",
    }  # fmt: skip
    user.may((["glue:DeleteDatabase"], [one for kind, one in resources.items() if kind != missing]))
    with pytest.raises(ClientError) as refused:
        user.client("glue").delete_database(Name=user.name)
    assert f"glue:DeleteDatabase on resource: {resources[missing]}" in str(refused.value)
    user.may((["glue:DeleteDatabase"], list(resources.values())))
    user.client("glue").delete_database(Name=user.name)


def test_a_caller_sees_the_tables_that_it_may_see(user: User) -> None:
    """Filter tables by GetTables permission: "the result contains only the two authorized tables".

    Source: https://docs.aws.amazon.com/glue/latest/dg/security_iam_id-based-policy-examples.html
    """
    glue, arn = user.cloud.client("glue"), f"arn:aws:glue:{PLACE}"
    glue.create_database(DatabaseInput={"Name": user.name})
    for table in ("customers", "stores", "store_sales"):
        glue.create_table(DatabaseName=user.name, TableInput={"Name": table})
    user.may((["glue:GetTables"], [f"{arn}:catalog", f"{arn}:database/{user.name}", f"{arn}:table/{user.name}/store*"]))
    tables = user.client("glue").get_tables(DatabaseName=user.name)["TableList"]
    assert {table["Name"] for table in tables} == {"stores", "store_sales"}


def test_a_stream_is_made_with_tags_by_whom_may_add_them(user: User) -> None:
    """botocore's CreateStream: with Tags, "you must also have the kinesis:AddTagsToStream permission"."""
    stream, kinesis = f"arn:aws:kinesis:{PLACE}:stream/{user.name}", user.client("kinesis")
    user.may((["kinesis:CreateStream"], [stream]))
    with pytest.raises(ClientError, match=f"kinesis:AddTagsToStream on resource: {stream}"):
        kinesis.create_stream(StreamName=user.name, ShardCount=1, Tags={"owner": "us"})
    user.may((["kinesis:CreateStream", "kinesis:AddTagsToStream"], [stream]))
    kinesis.create_stream(StreamName=user.name, ShardCount=1, Tags={"owner": "us"})


def test_a_folder_marker_is_in_its_folder(user: User) -> None:
    """A policy on ``raw/orders/*`` allows the object ``raw/orders/``, and not the object ``raw/orders``."""
    s3 = user.cloud.client("s3")
    s3.create_bucket(Bucket=user.name)
    for key in ("raw/orders/", "raw/orders/1.json"):
        s3.put_object(Bucket=user.name, Key=key, Body=b"")
    user.may((["s3:*"], [f"arn:aws:s3:::{user.name}/raw/orders/*"]))
    own = user.client("s3")
    listed = s3.list_objects_v2(Bucket=user.name, Prefix="raw/orders/")["Contents"]
    assert [each["Key"] for each in listed] == ["raw/orders/", "raw/orders/1.json"]
    for found in listed:
        own.get_object(Bucket=user.name, Key=found["Key"], IfMatch=found["ETag"])
    with pytest.raises(ClientError, match="AccessDenied"):
        own.put_object(Bucket=user.name, Key="raw/orders", Body=b"")
    own.delete_object(Bucket=user.name, Key="raw/orders/")
