"""EventBridge Pipes through unmodified boto3, with IAM enforced: pipes act as their roles."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ClientError
from tests.integration.pipe_chain import READ_KINESIS, Chain
from tests.integration.stream_parts import error_code, payload, wait_for

pytestmark = pytest.mark.integration


def test_a_pipe_goes_through_its_documented_states(chain: Chain) -> None:
    """Amazon EventBridge Pipes API Reference: CreatePipe, StopPipe, StartPipe, DeletePipe.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_Operations.html
    """
    assert "StateReason" not in chain.create()
    assert chain.pipes.stop_pipe(Name=chain.name)["CurrentState"] == "STOPPING"
    assert chain.wait_until("STOPPED")["DesiredState"] == "STOPPED"
    assert chain.pipes.start_pipe(Name=chain.name)["CurrentState"] == "STARTING"
    chain.wait_until("RUNNING")
    assert chain.pipes.delete_pipe(Name=chain.name)["CurrentState"] == "DELETING"
    wait_for(lambda: not chain.pipes.list_pipes(NamePrefix=chain.name)["Pipes"], "the pipe's end")
    with pytest.raises(ClientError) as error:
        chain.pipes.describe_pipe(Name=chain.name)
    assert error_code(error) == "NotFoundException"


def test_a_pipe_can_be_created_stopped(chain: Chain) -> None:
    """CreatePipe: DesiredState STOPPED.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html
    """
    chain.pipes.create_pipe(
        Name=chain.name, RoleArn=chain.role, Source=chain.source, Target=chain.target, DesiredState="STOPPED",
        SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}},
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.eventID"}},
    )  # fmt: skip
    chain.wait_until("STOPPED")


def test_a_second_pipe_of_the_name_and_an_unknown_one_are_refused(chain: Chain) -> None:
    """CreatePipe, StartPipe: ConflictException, NotFoundException.

    Sources: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html,
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_StartPipe.html
    """
    chain.create()
    with pytest.raises(ClientError) as error:
        chain.create()
    assert error_code(error) == "ConflictException"
    with pytest.raises(ClientError) as error:
        chain.pipes.start_pipe(Name="no-such-pipe")
    assert error_code(error) == "NotFoundException"


def test_every_parameter_is_kept_and_an_update_replaces_a_service_s_parameters_as_one(chain: Chain) -> None:
    """UpdatePipe: fields of DynamoDBStreamParameters that an update leaves out go back to their defaults.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_UpdatePipe.html
    """
    stream = {
        "BatchSize": 7, "MaximumBatchingWindowInSeconds": 1, "MaximumRetryAttempts": 2, "MaximumRecordAgeInSeconds": 60,
        "OnPartialBatchItemFailure": "AUTOMATIC_BISECT", "DeadLetterConfig": {"Arn": chain.queue},
        "ParallelizationFactor": 1,
    }  # fmt: skip
    pipe = chain.create(pattern={"eventName": ["INSERT"]}, template="<$.eventID>", **stream)
    parameters = pipe["SourceParameters"]
    assert parameters["DynamoDBStreamParameters"] == {"StartingPosition": "TRIM_HORIZON", **stream}
    assert parameters["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]}
    assert pipe["TargetParameters"]["InputTemplate"] == "<$.eventID>"

    update = chain.pipes.update_pipe(
        Name=chain.name, RoleArn=chain.role, SourceParameters={"DynamoDBStreamParameters": {"BatchSize": 50}}
    )
    assert update["CurrentState"] == "UPDATING"
    updated = chain.wait_until("RUNNING")["SourceParameters"]
    assert updated["DynamoDBStreamParameters"] == {"StartingPosition": "TRIM_HORIZON", "BatchSize": 50}
    assert updated["FilterCriteria"] == parameters["FilterCriteria"]


def test_a_log_configuration_is_kept(chain: Chain) -> None:
    """UpdatePipe: LogConfiguration.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_UpdatePipe.html
    """
    wanted = {
        "Level": "ERROR",
        "CloudwatchLogsLogDestination": {"LogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/pipes/orders"},
    }
    chain.create()
    chain.pipes.update_pipe(Name=chain.name, RoleArn=chain.role, LogConfiguration=wanted)
    assert chain.wait_until("RUNNING")["LogConfiguration"] == wanted


def test_tags_and_lists(chain: Chain) -> None:
    """TagResource, UntagResource, ListTagsForResource, ListPipes.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_Operations.html
    """
    arn = chain.create()["Arn"]
    chain.pipes.tag_resource(resourceArn=arn, tags={"team": "sales", "stage": "test"})
    chain.pipes.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert chain.pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "sales"}
    assert chain.pipes.describe_pipe(Name=chain.name)["Tags"] == {"team": "sales"}
    listed = chain.pipes.list_pipes(SourcePrefix=chain.source, CurrentState="RUNNING")["Pipes"]
    assert [(pipe["Name"], pipe["Target"]) for pipe in listed] == [(chain.name, chain.target)]
    assert chain.pipes.list_pipes(SourcePrefix=chain.source, DesiredState="STOPPED")["Pipes"] == []


def test_the_event_is_the_stream_record(chain: Chain) -> None:
    """Amazon DynamoDB stream as a source for EventBridge Pipes: example event.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html
    """
    chain.create()
    chain.parts.put_orders("o-1", photo={"B": b"\x00\xff"}, price={"N": "1200.5"}, note={"S": "für Zoë"})
    (record,) = chain.arrived(1)
    event = payload(record)
    change = event.pop("dynamodb")
    assert event.pop("eventID")
    assert event == {
        "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "eventSourceARN": chain.source,
    }  # fmt: skip
    assert change["Keys"] == {"orderid": {"S": "o-1"}}
    assert change["NewImage"] == {
        "orderid": {"S": "o-1"}, "photo": {"B": "AP8="}, "price": {"N": "1200.5"}, "note": {"S": "für Zoë"}
    }  # fmt: skip
    assert isinstance(change["ApproximateCreationDateTime"], int | float)
    assert change["SequenceNumber"].isdigit()
    assert change["StreamViewType"] == "NEW_IMAGE"
    assert record["PartitionKey"] == "o-1"


@pytest.mark.parametrize("partition_key", ["$.eventID", "orders"])
def test_the_partition_key_is_a_path_or_a_literal(chain: Chain, partition_key: str) -> None:
    """Amazon EventBridge Pipes targets: dynamic path parameters.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
    """
    chain.create(partition_key=partition_key)
    chain.parts.put_orders("o-1")
    (record,) = chain.arrived(1)
    assert record["PartitionKey"] == (payload(record)["eventID"] if partition_key == "$.eventID" else "orders")


def test_a_path_that_does_not_resolve_fails_only_its_event(chain: Chain) -> None:
    """Error handling and troubleshooting: retries, then the dead-letter queue, with positions and no payload.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
    """
    chain.create(
        partition_key="$.dynamodb.NewImage.region.S", MaximumRetryAttempts=1, OnPartialBatchItemFailure="AUTOMATIC_BISECT",
        DeadLetterConfig={"Arn": chain.queue},
    )  # fmt: skip
    chain.parts.put_orders("o-1", region={"S": "eu"})
    chain.parts.put_orders("poison")
    chain.parts.put_orders("o-2", region={"S": "us"})
    assert chain.orders(2) == ["o-1", "o-2"]
    letter = chain.letter()
    assert letter["context"]["condition"] == "RetryAttemptsExhausted"
    batch = letter["DDBStreamBatchInfo"]
    assert (batch["batchSize"], batch["streamArn"]) == (1, chain.source)
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]
    assert "poison" not in json.dumps(letter)


def test_only_events_that_match_a_filter_are_sent(chain: Chain) -> None:
    """Event filtering in Amazon EventBridge Pipes.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
    """
    chain.create(pattern={"dynamodb": {"NewImage": {"quantity": {"N": [{"prefix": "5"}]}}}})
    chain.parts.put_orders("no", quantity={"N": "4"})
    chain.parts.put_orders("yes", quantity={"N": "5"})
    assert chain.orders(1) == ["yes"]


def test_an_input_template_shapes_what_is_sent_but_not_the_partition_key(chain: Chain) -> None:
    """Amazon EventBridge Pipes input transformation.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
    """
    chain.create(template='{"order": <$.dynamodb.Keys.orderid.S>, "by": "<aws.pipes.pipe-name>"}')
    chain.parts.put_orders("o-1")
    (record,) = chain.arrived(1)
    assert (payload(record), record["PartitionKey"]) == ({"order": "o-1", "by": chain.name}, "o-1")


def test_latest_skips_earlier_records(chain: Chain) -> None:
    """PipeSourceDynamoDBStreamParameters: StartingPosition.

    Source: https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html
    """
    chain.parts.put_orders("before")
    chain.create(StartingPosition="LATEST")
    chain.parts.put_orders("after")
    assert chain.orders(1) == ["after"]


def test_a_stopped_pipe_continues_where_it_stopped(chain: Chain) -> None:
    chain.create()
    chain.parts.put_orders("o-1", "o-2")
    chain.arrived(2)
    chain.pipes.stop_pipe(Name=chain.name)
    chain.wait_until("STOPPED")
    chain.parts.put_orders("o-3")
    chain.pipes.start_pipe(Name=chain.name)
    assert chain.orders(3) == ["o-1", "o-2", "o-3"]


def test_nothing_is_lost_when_the_worker_is_killed(chain: Chain) -> None:
    """Amazon EventBridge Pipes: at least once, from the checkpoint.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
    """
    chain.create()
    names = [f"o-{number:03d}" for number in range(60)]
    chain.parts.put_orders(*names[:30])
    chain.parts.kill_services()
    chain.parts.put_orders(*names[30:])
    wait_for(
        lambda: (
            {payload(one)["dynamodb"]["Keys"]["orderid"]["S"] for one in chain.parts.read_stream(chain.target)}
            == set(names)
        ),
        "every order",
    )


def test_a_kinesis_stream_can_be_the_source(chain: Chain) -> None:
    """Amazon Kinesis stream as a source for EventBridge Pipes: filters and paths see the decoded data.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
    """
    source = chain.parts.stream("source")
    chain.parts.allow("pipe", {source: READ_KINESIS, chain.target: ["kinesis:PutRecords"]})
    chain.pipes.create_pipe(
        Name=chain.name, RoleArn=chain.role, Source=source, Target=chain.target,
        SourceParameters={
            "KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"},
            "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"size": ["large"]}}'}]},
        },
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.data.order"}},
    )  # fmt: skip
    chain.parts.put_records(source, [b'{"order": "o-1", "size": "small"}', b'{"order": "o-2", "size": "large"}'])
    (record,) = chain.arrived(1)
    event = payload(record)
    assert record["PartitionKey"] == "o-2"
    assert json.loads(base64.b64decode(event["data"])) == {"order": "o-2", "size": "large"}
    assert (event["eventSource"], event["eventSourceARN"]) == ("aws:kinesis", source)


def test_the_event_of_an_expired_item_names_dynamodb_as_its_author(chain: Chain) -> None:
    """DynamoDB Streams and Time to Live: userIdentity of the service.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    table = chain.parts.cloud.client("dynamodb")
    table.update_time_to_live(
        TableName=f"{chain.parts.prefix}-orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    chain.create(pattern={"eventName": ["REMOVE"]})
    chain.parts.put_orders("o-1", expires={"N": "1700000000"})
    (record,) = chain.arrived(1)
    assert payload(record)["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
