"""## Teardown: remove everything that setup made, and only that

**Schedule**: none; trigger it. **Parameters**: `confirm`, the deployment's prefix. Any other value removes nothing.
**Example configuration**: `{"confirm": "sales-cdc"}`

Removes resources from the pipe on, so that no change runs into a hop that is gone: the pipe, the table **with its orders**, the
delivery stream, the transformer, the Kinesis stream, the queues, the crawler, the job and the catalog, the work group, the
alarms with their topic, the bucket **with every version of every object**, the log groups and the roles. A resource that does not carry setup's tags stays and
is reported as `left`; with `SALES_CDC_MANAGED_BY=cloudformation` all do. An adopted table (`SALES_CDC_TABLE`) stays with its items;
its stream, too, unless setup had enabled it.

**Rerun**: safe, also for resources that are half built or gone. A removal that fails does not stop the others; the run then fails
and names it, and the next run continues there. `summarise_teardown` logs the outcome for each resource.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, task_defaults
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.deployment.topology import ALARMS, SERVICES, Resource
from sales_cdc.provisioning.operators import remove
from sales_cdc.provisioning.operators.adopt import ReleaseTableOperator
from sales_cdc.provisioning.operators.confirmation import ConfirmOperator
from sales_cdc.provisioning.operators.summary import SummariseOperator

topology = deployed_topology()

PARAMS = {
    "confirm": Param(
        "", type="string", title="Deployment to remove",
        description=f"Type '{topology.prefix}' to remove all its resources, orders and objects. This cannot be undone.",
    )
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_teardown",
    doc_md=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=6),
    params=PARAMS,
    default_args=task_defaults(topology, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(hours=2)),
    **dag_arguments(topology),
) as dag:
    own_key = topology.settings.kms_key_arn
    steps = [
        (remove.RemovePipeOperator, "pipe", topology.pipe),
        *([] if topology.adopts_table else [(remove.RemoveTableOperator, "table", topology.table)]),
        (remove.RemoveQueueOperator, "dead_letter_queue", topology.dead_letter_queue),
        (remove.RemoveDeliveryStreamOperator, "delivery_stream", topology.delivery),
        (remove.RemoveFunctionOperator, "transformer", topology.transformer),
        (remove.RemoveStreamOperator, "stream", topology.stream),
        (remove.RemoveCrawlerOperator, "crawler", topology.crawler),
        (remove.RemoveClassifierOperator, "classifier", topology.classifier),
        (remove.RemoveJobOperator, "job", topology.job),
        *([(remove.RemoveSecurityConfigurationOperator, "encryption", topology.security_configuration)] if own_key else []),
        (remove.RemoveDatabaseOperator, "database", topology.database),
        (remove.RemoveWorkGroupOperator, "workgroup", topology.workgroup),
        (remove.RemoveRuleOperator, "arrivals_rule", topology.arrivals_rule),
        (remove.RemoveQueueOperator, "arrivals_queue", topology.arrivals_queue),
        (remove.RemoveQueueOperator, "raw_events_queue", topology.raw_events_queue),
        *((remove.RemoveAlarmOperator, f"{name.replace('-', '_')}_alarm", topology.alarm(name)) for name in ALARMS),
        *([(remove.RemoveTopicOperator, "alerts_topic", Resource(topology.alerts_topic.arn, topology.alerts_topic.arn))] if topology.owns_alerts_topic else []),
        (remove.RemoveBucketOperator, "bucket", topology.bucket),
        (remove.RemoveLogGroupOperator, "transformer_log", topology.transformer_log),
        (remove.RemoveLogGroupOperator, "delivery_log", topology.delivery_log),
        *((remove.RemoveRoleOperator, f"{service}_role", topology.role(service)) for service in SERVICES),
    ]  # fmt: skip

    confirm = ConfirmOperator(
        task_id="confirm_removal", answer="{{ params.confirm }}", expected=topology.prefix, retries=0
    )
    find_account = FindAccountOperator()
    with TaskGroup("removal", prefix_group_id=False):
        removals = [
            operator(
                task_id=f"remove_{of}",
                resource=resource.name,
                owner_tags=topology.tags,
                keep=topology.settings.is_of_a_stack,
                trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
            )
            for operator, of, resource in steps
        ]
        if topology.adopts_table:
            release = ReleaseTableOperator(
                task_id="release_table", table=topology.table.name, bucket=topology.bucket.name,
                keep=topology.settings.is_of_a_stack, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
            )  # fmt: skip
            removals.insert(1, release)
    summarise = SummariseOperator(
        task_id="summarise_teardown",
        of_tasks=[task.task_id for task in removals],
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        retries=0,
    )

    # A removal runs when the one before it has ended, well or not, but never before a confirmed run has found its account.
    chain(confirm, find_account, [*removals, summarise])
    chain(*removals, summarise)
    describe_tasks(dag)
