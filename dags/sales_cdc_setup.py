"""## Setup: the pipeline's resources, made or brought up to date

**Schedule**: none; trigger it. **Parameters**: `replace_stream`, for a change of the stream's view type only.

Works from the end of the chain backwards and waits for each hop, so that no change finds the way half built:

    roles     one for each service, with the least that it needs
    lake      bucket ─ artifacts ─ Glue database, classifier, crawler, job ─ Athena work group
              (before crawler and job, where SALES_CDC_KMS_KEY_ARN is set, how they encrypt)
    delivery  log groups ─ transformer ─ Kinesis stream ─ Firehose delivery stream
    capture   DynamoDB table ─ dead-letter queue ─ pipe
    arrivals  queue ─ rule: notices of new raw objects, where SALES_CDC_EVENT_DRIVEN is on
    proof     a probe order goes from the table to raw/ on S3, and is deleted again

**Rerun**: changes nothing that is as defined; after a change to the code or a setting it updates just what differs. It
never touches a resource of one of our names that it did not make: it fails and says which. `summarise_setup` logs every
resource with what was done. A run that failed is mended by running again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, TaskGroup, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.deployment.topology import SERVICES
from sales_cdc.probe.operators import DeleteProbeOrderOperator, PutProbeOrderOperator
from sales_cdc.probe.probe_arrived import ProbeArrivedSensor
from sales_cdc.probe.stream_drained import StreamDrainedSensor
from sales_cdc.provisioning.definitions import flow, lake
from sales_cdc.provisioning.operators import provision as op
from sales_cdc.provisioning.operators.artifact import UploadArtifactOperator
from sales_cdc.provisioning.operators.summary import SummariseOperator
from sales_cdc.provisioning.packaging import artifacts

topology = deployed_topology()

with DAG(
    dag_id="sales_cdc_setup",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "owner_tags": topology.tags,
        "hops": topology.hops,
        "patience_seconds": topology.settings.firehose_interval_seconds + 240,
        "poke_interval": 1,
        "retries": 2,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=10),
    },
    params={
        "replace_stream": Param(
            False,
            type="boolean",
            title="Replace the table's stream",
            description="Needed once after SALES_CDC_STREAM_VIEW_TYPE was changed. Stop whatever writes to the table first.",
        )
    },
    **dag_arguments(topology),
) as dag:
    find_account = FindAccountOperator()

    with TaskGroup("roles") as roles:
        for service in SERVICES:
            op.ProvisionRoleOperator(task_id=f"provision_{service}_role", definition=flow.role(topology, service))

    with TaskGroup("lake") as lake_group:
        bucket = op.ProvisionBucketOperator(task_id="provision_bucket", definition=lake.bucket(topology))
        code = {
            name: UploadArtifactOperator(task_id=f"upload_{name}", artifact=artifact, bucket=topology.bucket.name)
            for name, artifact in artifacts(topology, include_folder()).items()
        }
        database = op.ProvisionDatabaseOperator(task_id="provision_database", definition=lake.database(topology))
        classifier = op.ProvisionClassifierOperator(
            task_id="provision_classifier", definition=lake.classifier(topology)
        )
        crawler = op.ProvisionCrawlerOperator(task_id="provision_crawler", definition=lake.crawler(topology))
        job = op.ProvisionJobOperator(task_id="provision_job", definition=lake.job(topology))
        if topology.settings.kms_key_arn:
            encryption = op.ProvisionSecurityConfigurationOperator(
                task_id="provision_encryption", definition=lake.security_configuration(topology)
            )
            chain(encryption, [crawler, job])
        workgroup = op.ProvisionWorkGroupOperator(task_id="provision_workgroup", definition=lake.workgroup(topology))
        chain(bucket, [*code.values(), workgroup])
        chain([database, classifier], crawler)
        chain(list(code.values()), job)

    with TaskGroup("delivery") as delivery_group:
        logs = [
            op.ProvisionLogGroupOperator(task_id=f"provision_{of}_log", definition=flow.log_group(topology, group))
            for of, group in {"transformer": topology.transformer_log, "delivery": topology.delivery_log}.items()
        ]
        transformer = op.ProvisionFunctionOperator(
            task_id="provision_transformer", definition=flow.transformer(topology, code["transformer"].output["sha256"])
        )
        stream = op.ProvisionStreamOperator(task_id="provision_stream", definition=flow.stream(topology))
        delivery = op.ProvisionDeliveryStreamOperator(
            task_id="provision_delivery_stream", definition=flow.delivery(topology)
        )
        chain(logs, transformer, delivery)
        chain(stream, delivery)

    with TaskGroup("capture") as capture_group:
        drained = StreamDrainedSensor(
            task_id="expect_stream_drained", definition=flow.table(topology), allowed="{{ params.replace_stream }}"
        )
        table = op.ProvisionTableOperator(task_id="provision_table", definition=flow.table(topology))
        queue = op.ProvisionQueueOperator(
            task_id="provision_dead_letter_queue", definition=flow.dead_letter_queue(topology)
        )
        pipe = op.ProvisionPipeOperator(
            task_id="provision_pipe", definition=flow.pipe(topology, table.output["stream_arn"])
        )
        chain(drained, table, pipe)
        chain(queue, pipe)

    with TaskGroup("arrivals") as arrivals_group:
        queue = op.ProvisionQueueOperator(task_id="provision_arrivals_queue", definition=flow.arrivals_queue(topology))
        rule = op.ProvisionRuleOperator(task_id="provision_arrivals_rule", definition=flow.arrivals_rule(topology))
        chain(queue, rule)

    with TaskGroup("proof") as proof_group:
        put_probe = PutProbeOrderOperator(task_id="put_probe_order", table=topology.table.name)
        expect_probe = ProbeArrivedSensor(task_id="expect_probe_in_raw", probe=put_probe.output)
        delete_probe = DeleteProbeOrderOperator(
            task_id="delete_probe_order", table=topology.table.name, probe=put_probe.output
        )
        chain(put_probe.as_setup(), expect_probe, delete_probe.as_teardown(setups=put_probe))

    summarise = SummariseOperator(
        task_id="summarise_setup",
        of_tasks=[task_id for task_id in dag.task_ids if ".provision_" in task_id or ".upload_" in task_id],
    )

    chain(find_account, roles, lake_group, delivery_group, capture_group, proof_group, summarise)
    chain(lake_group, arrivals_group, summarise)
    describe_tasks(dag)
