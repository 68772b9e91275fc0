"""Test the bucket's hook: how it is made and tagged, what it notifies, and how its versions go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sales_cdc.provisioning.definitions import lake
from sales_cdc.provisioning.resources.bucket import BucketHook

from tests.unit.provisioning.stubbed_hooks import found, stubbed
from tests.unit.topologies import topology

Definition = dict[str, Any]


@pytest.mark.parametrize(
    ("region", "location"), [("us-east-1", {}), ("eu-central-1", {"LocationConstraint": "eu-central-1"})]
)
def test_a_bucket_is_tagged_by_the_call_that_creates_it(region: str, location: dict[str, str]) -> None:
    deployed = topology(region=region)
    hook, stubber = stubbed(BucketHook)
    sent = {"Bucket": deployed.bucket.name, "CreateBucketConfiguration": {**location, "Tags": deployed.tag_list}}
    stubber.add_response("create_bucket", {}, sent)
    stubber.add_response("get_bucket_tagging", {"TagSet": deployed.tag_list})
    hook.create(lake.bucket(deployed))
    stubber.assert_no_pending_responses()


def test_a_bucket_whose_tags_were_ignored_is_tagged_by_a_second_call() -> None:
    hook, stubber = stubbed(BucketHook)
    stubber.add_response("create_bucket", {})
    stubber.add_client_error("get_bucket_tagging", "NoSuchTagSet")
    told = {"Bucket": topology().bucket.name, "Tagging": {"TagSet": topology().tag_list}}
    stubber.add_response("put_bucket_tagging", {}, told)
    hook.create(lake.bucket(topology()))
    stubber.assert_no_pending_responses()


def test_a_bucket_s_versions_are_deleted_a_thousand_a_call() -> None:
    hook, stubber = stubbed(BucketHook)
    versions = [{"Key": f"k{number}", "VersionId": "v"} for number in range(1500)]
    markers = [{"Key": "gone", "VersionId": "m"}]
    stubber.add_response("list_object_versions", {"Versions": versions, "DeleteMarkers": markers})
    for batch in (versions[:1000], versions[1000:] + markers):
        stubber.add_response("delete_objects", {}, {"Bucket": "b", "Delete": {"Objects": batch, "Quiet": True}})
    stubber.add_response("delete_bucket", {}, {"Bucket": "b"})
    hook.delete(found({}, "b"))
    stubber.assert_no_pending_responses()


QUEUES = {"QueueConfigurations": lake.bucket(topology())["Notification"]["QueueConfigurations"]}
BRIDGE: Definition = {"EventBridgeConfiguration": {}}


def as_s3_shows(queues: Definition) -> Definition:
    """S3 shows the names of filters with a capital: https://github.com/hashicorp/terraform-provider-aws lowers them."""
    return json.loads(json.dumps(queues).replace('"prefix"', '"Prefix"'))


@pytest.mark.parametrize(
    ("event_driven", "standing", "put"),
    [
        (True, {}, True),  # of an earlier version's setup
        (True, QUEUES, True),
        (True, {**as_s3_shows(QUEUES), **BRIDGE}, False),
        (False, BRIDGE, True),
        (False, {**QUEUES, **BRIDGE}, True),
        (False, as_s3_shows(QUEUES), False),
        (False, json.loads(json.dumps(QUEUES).replace("raw/orders/", "raw/")), True),
    ],
)
def test_a_bucket_tells_the_crawler_s_queue_and_eventbridge_only_for_batches_that_arrivals_start(
    event_driven: bool, standing: Definition, put: bool
) -> None:
    definition = lake.bucket(topology(event_driven=event_driven))
    hook, stubber = stubbed(BucketHook)
    stubber.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": definition["PublicAccessBlock"]})
    stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": definition["Encryption"]})
    stubber.add_response("get_bucket_versioning", definition["Versioning"])
    stubber.add_response("get_bucket_lifecycle_configuration", definition["Lifecycle"])
    stubber.add_response("get_bucket_notification_configuration", standing)
    if put:
        wanted = {**QUEUES, **(BRIDGE if event_driven else {})}
        stubber.add_response(
            "put_bucket_notification_configuration", {}, {"Bucket": "b", "NotificationConfiguration": wanted}
        )
    stubber.add_response("get_bucket_policy", {"Policy": json.dumps(definition["Policy"])})
    assert hook.update(found({}, "b"), definition) == (["Notification"] if put else [])
    stubber.assert_no_pending_responses()


def test_old_versions_of_what_can_be_made_again_go_first() -> None:
    rules = lake.bucket(topology())["Lifecycle"]["Rules"]
    days = {each["Filter"]["Prefix"]: each["NoncurrentVersionExpiration"]["NoncurrentDays"] for each in rules}
    assert days == {"": 30, "curated/": 7, "errors/": 7, "athena-results/": 1, "exports/": 1}
    assert rules[0]["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_raw_objects_move_to_cheaper_storage_on_request_and_are_never_deleted() -> None:
    moved = lake.bucket(topology(raw_archive_days=90, old_versions_days=365))["Lifecycle"]
    hook, stubber = stubbed(BucketHook)
    stubber.add_response("put_bucket_lifecycle_configuration", {}, {"Bucket": "b", "LifecycleConfiguration": moved})
    hook.conn.put_bucket_lifecycle_configuration(Bucket="b", LifecycleConfiguration=moved)  # as botocore's model has it
    archive, oldest, *_ = moved["Rules"]
    assert archive == {
        "ID": "raw-archive",
        "Status": "Enabled",
        "Filter": {"Prefix": "raw/orders/"},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER_IR"}],
    }
    assert oldest["NoncurrentVersionExpiration"] == {"NoncurrentDays": 365}
    assert not [rule for rule in moved["Rules"] if "Days" in rule.get("Expiration", {}) and "raw" in rule["ID"]]
