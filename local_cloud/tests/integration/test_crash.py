"""After SIGKILL of the cloud, what DynamoDB acknowledged is there again, stream records included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from tests.ports import free_port

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class CrashingCloud:
    """Run a cloud for one test that can be killed."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.home = home
        self.environment = {**os.environ, "LOCAL_CLOUD_HOME": str(home), "SALES_CDC_LOCAL_PORT": str(self.port)}

    def command(self, verb: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "local_cloud", verb],
            cwd=ROOT, env=self.environment, text=True, capture_output=True, check=True,
        )  # fmt: skip
        return done.stdout

    def kill(self) -> None:
        gateway = psutil.Process(json.loads((self.home / "cloud.json").read_text())["pid"])
        children = gateway.children(recursive=True)
        gateway.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30  # a killed process first ends its write, however slow the disk
        while any(alive(process) for process in (gateway, *children)):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", **KEYS)


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingCloud]:
    cloud = CrashingCloud(tmp_path)
    cloud.command("start")
    yield cloud
    cloud.command("stop")


def make_table(crashing: CrashingCloud, name: str = "orders") -> str:
    table = crashing.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "orderid", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderid", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(table["TableDescription"]["LatestStreamArn"])


def stream_records(crashing: CrashingCloud, arn: str) -> list[dict[str, Any]]:
    client = crashing.client("dynamodbstreams")
    records = []
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        records += client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return records


def test_items_and_stream_records_survive_a_kill(crashing: CrashingCloud) -> None:
    arn = make_table(crashing)
    table = crashing.client("dynamodb")
    table.put_item(TableName="orders", Item={"orderid": {"S": "a"}, "price": {"N": "10.50"}})
    table.put_item(TableName="orders", Item={"orderid": {"S": "b"}})
    table.delete_item(TableName="orders", Key={"orderid": {"S": "b"}})
    before = stream_records(crashing, arn)
    crashing.kill()
    crashing.command("start")
    assert table.scan(TableName="orders")["Items"] == [{"orderid": {"S": "a"}, "price": {"N": "10.5"}}]
    assert stream_records(crashing, arn) == before
    assert [record["eventName"] for record in before] == ["INSERT", "INSERT", "REMOVE"]


def test_stream_records_survive_a_clean_restart_and_new_ones_follow(crashing: CrashingCloud) -> None:
    arn = make_table(crashing)
    table = crashing.client("dynamodb")
    table.put_item(TableName="orders", Item={"orderid": {"S": "a"}})
    crashing.command("stop")
    crashing.command("start")
    table.put_item(TableName="orders", Item={"orderid": {"S": "b"}})
    records = stream_records(crashing, arn)
    assert [record["dynamodb"]["Keys"]["orderid"]["S"] for record in records] == ["a", "b"]
    assert records[0]["dynamodb"]["SequenceNumber"] < records[1]["dynamodb"]["SequenceNumber"]


def test_unread_records_are_still_there_after_a_weekend(crashing: CrashingCloud) -> None:
    """A record lives for 24 hours of a cloud that runs."""
    arn = make_table(crashing)
    crashing.client("dynamodb").put_item(TableName="orders", Item={"orderid": {"S": "friday"}})
    crashing.command("stop")
    state = crashing.home / "cloud"
    journal = state / "emulator" / "dynamodb.journal"
    line = json.loads(journal.read_text())
    line[-1]["dynamodb"]["ApproximateCreationDateTime"] -= 60 * 3600
    journal.write_text(json.dumps(line) + "\n")
    friday = time.time() - 59 * 3600
    for file in (*(state / "emulator").iterdir(), *state.glob("services.db*")):
        os.utime(file, (friday, friday))
    crashing.command("start")
    crashing.client("dynamodb").put_item(TableName="orders", Item={"orderid": {"S": "monday"}})
    records = stream_records(crashing, arn)
    assert [record["dynamodb"]["Keys"]["orderid"]["S"] for record in records] == ["friday", "monday"]
    ((down, up),) = json.loads((state / "downtimes.json").read_text())
    assert up - down > 58 * 3600


def test_a_stream_that_is_switched_off_stays_readable_after_a_kill(crashing: CrashingCloud) -> None:
    """It is readable for 24 hours; what PartiQL wrote is in it, and in the table."""
    old = make_table(crashing)
    table = crashing.client("dynamodb")
    table.execute_statement(Statement="INSERT INTO orders VALUE {'orderid': 'a'}")
    table.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    table.execute_statement(Statement="INSERT INTO orders VALUE {'orderid': 'unseen'}")
    for stop in (crashing.kill, lambda: crashing.command("stop")):
        stop()
        crashing.command("start")
        assert [record["dynamodb"]["Keys"]["orderid"]["S"] for record in stream_records(crashing, old)] == ["a"]
        description = crashing.client("dynamodbstreams").describe_stream(StreamArn=old)["StreamDescription"]
        assert description["StreamStatus"] == "DISABLED"
        assert {item["orderid"]["S"] for item in table.scan(TableName="orders")["Items"]} == {"a", "unseen"}


def test_a_table_created_again_does_not_get_the_items_of_the_old_one(crashing: CrashingCloud) -> None:
    make_table(crashing)
    table = crashing.client("dynamodb")
    table.put_item(TableName="orders", Item={"orderid": {"S": "old"}})
    table.delete_table(TableName="orders")
    arn = make_table(crashing)
    crashing.kill()
    crashing.command("start")
    assert table.scan(TableName="orders")["Items"] == []
    assert stream_records(crashing, arn) == []


def test_control_calls_survive_a_kill(crashing: CrashingCloud) -> None:
    crashing.client("sqs").create_queue(QueueName="kept")
    crashing.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument="{}")
    crashing.client("kinesis").create_stream(StreamName="kept", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    crashing.client("glue").create_database(DatabaseInput={"Name": "kept"})
    s3 = crashing.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="folder/object", Body=b"body")
    crashing.kill()
    crashing.command("start")
    assert crashing.client("sqs").get_queue_url(QueueName="kept")
    assert crashing.client("iam").get_role(RoleName="kept")
    assert crashing.client("kinesis").describe_stream_summary(StreamName="kept")
    assert crashing.client("glue").get_database(Name="kept")
    assert s3.get_object(Bucket="kept", Key="folder/object")["Body"].read() == b"body"


def test_after_a_kill_the_log_says_what_was_lost(crashing: CrashingCloud) -> None:
    make_table(crashing)
    crashing.kill()
    crashing.command("start")
    assert "did not stop cleanly" in (crashing.home / "logs" / "cloud.log").read_text()


def test_an_expired_item_is_deleted_by_dynamodb_itself(crashing: CrashingCloud) -> None:
    arn = make_table(crashing)
    table = crashing.client("dynamodb")
    table.update_time_to_live(TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    table.put_item(TableName="orders", Item={"orderid": {"S": "a"}, "expires": {"N": str(int(time.time()) - 5)}})
    table.put_item(TableName="orders", Item={"orderid": {"S": "b"}, "expires": {"S": "1"}})
    deadline = time.monotonic() + 60
    while len(records := stream_records(crashing, arn)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    removed = records[-1]
    assert (removed["eventName"], removed["dynamodb"]["Keys"]) == ("REMOVE", {"orderid": {"S": "a"}})
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
