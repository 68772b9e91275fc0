"""## Setup: create the pipeline's resources, or bring them up to date

**Schedule**: none; trigger it. **Parameters**: see the form; `plan_only` says first what a run would do.
**Example configuration**: `{"plan_only": true}`

Works from the end of the chain backwards and waits for each hop, so that no change meets a hop that is not there yet:

    expect    the contract and an adopted table (SALES_CDC_TABLE) fit; otherwise nothing is changed
    roles     one for each service, with least privilege
    lake      queue ─ bucket ─ artifacts ─ Glue database, classifier, crawler, job (encryption first, with a key) ─ Athena work group
    delivery  log groups ─ transformer ─ Kinesis stream ─ Firehose delivery stream (made again: the pipe stops; reconcile then)
    capture   DynamoDB table ─ what its former stream still holds, if it has a new one ─ dead-letter queue ─ pipe
    arrivals  queue ─ rule: notices of new raw objects, for SALES_CDC_EVENT_DRIVEN
    watch     topic of alerts ─ alarms, told to it, and the first heartbeat of batches
    proof     a probe order goes from the table to raw/ on S3, and is deleted again

**Rerun**: safe; it updates only what differs from its definition. It never touches a resource with one of our names that it did
not create: it fails and names it. With `SALES_CDC_MANAGED_BY=cloudformation` it only verifies, and fails where a resource differs.
`summarise_setup` logs what was done. After a failure, fix what the log names and run it again.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, TaskGroup, chain
from sales_cdc.contract.declared import contract_path
from sales_cdc.cost.forecast import monthly_cost
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, task_defaults
from sales_cdc.deployment.polling import Polling
from sales_cdc.deployment.process import deployed_topology, include_folder
from sales_cdc.deployment.topology import SERVICES
from sales_cdc.probe.operators import DeleteProbeOrderOperator, PutProbeOrderOperator
from sales_cdc.probe.probe_arrived import ProbeArrivedSensor
from sales_cdc.probe.stream_drained import StreamDrainedSensor
from sales_cdc.provisioning.definitions import flow, lake
from sales_cdc.provisioning.operators import provision as op
from sales_cdc.provisioning.operators.artifact import UploadArtifactOperator
from sales_cdc.provisioning.operators.expectations import adopt_table, expectations
from sales_cdc.provisioning.operators.hold_flow import HoldFlowOperator
from sales_cdc.provisioning.operators.plan import PlanOperator
from sales_cdc.provisioning.operators.setup_params import setup_params
from sales_cdc.provisioning.operators.summary import SummariseOperator
from sales_cdc.provisioning.operators.watch import watching
from sales_cdc.provisioning.packaging import artifacts
from sales_cdc.redrive.operators.drain import DrainFormerStreamsOperator

topology, DRAIN = deployed_topology(), timedelta(hours=6)
OWNED = {"owner_tags": topology.tags, "verify_only": topology.settings.is_of_a_stack}


def provision(operator: type[op.ProvisionOperator], of: str, definition: lake.Request) -> op.ProvisionOperator:
    return operator(task_id=f"provision_{of}", definition=definition, **OWNED)


with DAG(
    dag_id="sales_cdc_setup",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=1) + DRAIN + 2 * topology.patience,
    params=setup_params(),
    default_args=task_defaults(topology, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=10)),
    **dag_arguments(topology),
) as dag:
    awaited = {"hops": topology.hops, "patience_seconds": topology.patience_seconds, "execution_timeout": timedelta(minutes=10) + topology.patience, **Polling.of(topology.settings).probe}  # fmt: skip
    find_account = PlanOperator(plan_only="{{ params.plan_only }}", operating="{{ params.operating }}", monthly=monthly_cost)  # fmt: skip

    with TaskGroup("roles") as roles:
        for service in SERVICES:
            provision(op.ProvisionRoleOperator, f"{service}_role", flow.role(topology, service))

    with TaskGroup("lake") as lake_group:
        events = provision(op.ProvisionQueueOperator, "raw_events_queue", flow.raw_events_queue(topology))
        bucket = provision(op.ProvisionBucketOperator, "bucket", lake.bucket(topology))
        shipped = artifacts(topology, include_folder(), contract_path()).items()
        code = {of: UploadArtifactOperator(task_id=f"upload_{of}", artifact=each, bucket=topology.bucket.name) for of, each in shipped}  # fmt: skip
        database = provision(op.ProvisionDatabaseOperator, "database", lake.database(topology))
        classifier = provision(op.ProvisionClassifierOperator, "classifier", lake.classifier(topology))
        crawler = provision(op.ProvisionCrawlerOperator, "crawler", lake.crawler(topology))
        job = provision(op.ProvisionJobOperator, "job", lake.job(topology))
        if topology.settings.kms_key_arn:
            chain(provision(op.ProvisionSecurityConfigurationOperator, "encryption", lake.security_configuration(topology)), [crawler, job])  # fmt: skip
        chain(events, bucket, list(code.values()), job)
        chain(bucket, provision(op.ProvisionWorkGroupOperator, "workgroup", lake.workgroup(topology)))
        chain([database, classifier, events], crawler)

    with TaskGroup("delivery") as delivery_group:
        logs = {"transformer_log": topology.transformer_log, "delivery_log": topology.delivery_log}.items()
        log_groups = [provision(op.ProvisionLogGroupOperator, of, flow.log_group(topology, log)) for of, log in logs]
        transformer = provision(op.ProvisionFunctionOperator, "transformer", flow.transformer(topology, code["transformer"].output["sha256"]))  # fmt: skip
        stream = provision(op.ProvisionStreamOperator, "stream", flow.stream(topology))
        hold_flow = HoldFlowOperator(task_id="hold_flow", definition=flow.delivery(topology), pipe=topology.pipe.name, **OWNED)  # fmt: skip
        delivery = provision(op.ProvisionDeliveryStreamOperator, "delivery_stream", flow.delivery(topology))
        chain(log_groups, transformer, hold_flow)
        chain(stream, hold_flow, delivery)

    with TaskGroup("capture") as capture_group:
        table = adopt_table(topology) if topology.adopts_table else provision(op.ProvisionTableOperator, "table", flow.table(topology))  # fmt: skip
        if not topology.adopts_table:
            chain(StreamDrainedSensor(task_id="expect_stream_drained", definition=flow.table(topology), allowed="{{ params.replace_stream }}", **awaited), table)  # fmt: skip
        pipe = provision(op.ProvisionPipeOperator, "pipe", flow.pipe(topology, table.output["stream_arn"]))
        former = DrainFormerStreamsOperator(task_id="drain_former_streams", table=topology.table.name, pipe=topology.pipe.name, stream_arn=table.output["stream_arn"], bucket=topology.bucket.name, function=topology.transformer.name, delivery_stream_arn=topology.delivery.arn, execution_timeout=DRAIN)  # fmt: skip
        chain([former, provision(op.ProvisionQueueOperator, "dead_letter_queue", flow.dead_letter_queue(topology))], pipe)  # fmt: skip

    with TaskGroup("arrivals") as arrivals_group:
        notices = provision(op.ProvisionQueueOperator, "arrivals_queue", flow.arrivals_queue(topology))
        chain(notices, provision(op.ProvisionRuleOperator, "arrivals_rule", flow.arrivals_rule(topology)))

    watch_group = watching(topology)
    with TaskGroup("proof") as proof_group:
        put_probe = PutProbeOrderOperator(task_id="put_probe_order", table=topology.table.name, wanted="{{ params.probe_adopted_table }}" if topology.adopts_table else "True")  # fmt: skip
        expect_probe = ProbeArrivedSensor(task_id="expect_probe_in_raw", probe=put_probe.output, **awaited)
        delete_probe = DeleteProbeOrderOperator(task_id="delete_probe_order", table=topology.table.name, probe=put_probe.output)  # fmt: skip
        chain(put_probe.as_setup(), expect_probe, delete_probe.as_teardown(setups=put_probe))

    done = [task for task in dag.task_ids if any(verb in task for verb in (".provision_", ".upload_", ".adopt_"))]
    summarise = SummariseOperator(task_id="summarise_setup", of_tasks=done)
    chain(find_account, expectations(topology), roles, lake_group, delivery_group, capture_group, proof_group, summarise)  # fmt: skip
    chain(lake_group, [arrivals_group, watch_group], summarise)
    describe_tasks(dag)
