"""Test a deployment with a customer managed key: set up, run again, and torn down.

The local cloud stores and returns the key of each resource; it encrypts nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sales_cdc.deployment.settings import Settings
from sales_cdc.deployment.topology import SERVICES, Topology

from tests.conftest import Cloud
from tests.integration.dag_runs import DagRun

pytestmark = pytest.mark.integration
ACCOUNT = "000000000000"
KEYED = {
    *(f"{service}_role" for service in SERVICES), "bucket", "crawler", "job", "workgroup", "transformer_log", "delivery_log",
    "transformer", "stream", "delivery_stream", "table", "dead_letter_queue", "arrivals_queue", "alerts_topic",
}  # fmt: skip


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Iterator[Topology]:
    """Set up once, with a key of the local cloud's KMS."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SALES_CDC_PREFIX", f"t{uuid.uuid4().hex[:8]}")
        environment.setenv("SALES_CDC_KMS_KEY_ARN", key)
        run = DagRun("sales_cdc_setup.py")
        run.run()
        assert set(run.actions().values()) == {"created"}
        yield Topology(Settings.from_environment(), ACCOUNT)
        teardown = DagRun("sales_cdc_teardown.py", confirm=Settings.from_environment().prefix)
        teardown.run()
        assert set(teardown.actions().values()) == {"removed"}


def test_every_resource_shows_the_key(deployment: Topology, cloud: Cloud) -> None:
    key, of = deployment.settings.kms_key_arn, cloud.client
    table = of("dynamodb").describe_table(TableName=deployment.table.name)["Table"]
    stream = of("kinesis").describe_stream_summary(StreamName=deployment.stream.name)["StreamDescriptionSummary"]
    delivery = of("firehose").describe_delivery_stream(DeliveryStreamName=deployment.delivery.name)
    (destination,) = delivery["DeliveryStreamDescription"]["Destinations"]
    encryption = of("s3").get_bucket_encryption(Bucket=deployment.bucket.name)["ServerSideEncryptionConfiguration"]
    (rule,) = encryption["Rules"]
    results = of("athena").get_work_group(WorkGroup=deployment.workgroup.name)["WorkGroup"]["Configuration"]
    function = of("lambda").get_function_configuration(FunctionName=deployment.transformer.name)
    named = deployment.security_configuration.name
    glue = of("glue").get_security_configuration(Name=named)["SecurityConfiguration"]["EncryptionConfiguration"]
    shown = {
        "table": table["SSEDescription"]["KMSMasterKeyArn"],
        "stream": stream["KeyId"],
        "delivery": destination["ExtendedS3DestinationDescription"]["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"],
        "bucket": rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        "results": results["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"],
        "function": function["KMSKeyArn"],
        "objects of crawler and job": glue["S3Encryption"][0]["KmsKeyArn"],
        "logs of crawler and job": glue["CloudWatchEncryption"]["KmsKeyArn"],
    }  # fmt: skip
    for queue in (deployment.dead_letter_queue, deployment.arrivals_queue):
        url = of("sqs").get_queue_url(QueueName=queue.name)["QueueUrl"]
        attributes = of("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        shown[queue.name] = attributes["KmsMasterKeyId"]
    for group in (deployment.transformer_log, deployment.delivery_log):
        (found,) = of("logs").describe_log_groups(logGroupNamePrefix=group.name)["logGroups"]
        shown[group.name] = found["kmsKeyId"]
    assert set(shown.values()) == {key}, shown
    assert rule["BucketKeyEnabled"]
    crawler = of("glue").get_crawler(Name=deployment.crawler.name)["Crawler"]
    job = of("glue").get_job(JobName=deployment.job.name)["Job"]
    assert crawler["CrawlerSecurityConfiguration"] == job["SecurityConfiguration"] == named


def test_a_rerun_changes_nothing(deployment: Topology) -> None:
    assert set(actions_of_a_rerun().values()) == {"unchanged"}


def test_without_the_setting_the_services_own_keys_are_used_again_and_with_it_ours(
    deployment: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(deployment.settings.kms_key_arn)
    monkeypatch.delenv("SALES_CDC_KMS_KEY_ARN")
    assert changed(actions_of_a_rerun()) == KEYED
    assert set(actions_of_a_rerun().values()) == {"unchanged"}
    monkeypatch.setenv("SALES_CDC_KMS_KEY_ARN", key)
    assert changed(actions_of_a_rerun()) == KEYED


def actions_of_a_rerun() -> dict[str, str]:
    rerun = DagRun("sales_cdc_setup.py")
    rerun.run()
    return rerun.actions()


def changed(actions: dict[str, str]) -> set[str]:
    return {task.rpartition(".provision_")[2] for task, action in actions.items() if action == "updated"}
