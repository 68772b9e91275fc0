"""## Teardown: everything that setup made is removed, and only that

**Schedule**: none; trigger it. **Parameters**: `confirm`, the deployment's prefix. Any other value removes nothing.

Removes from the pipe on, so that nothing runs into a hop that is gone: the pipe, the table **with its orders**, the
delivery stream, the transformer, the Kinesis stream, the queue, the crawler, the job and the catalogue, the work group, the
bucket **with every version of every object**, the log groups and the roles. A resource that does not carry setup's tags is
left and reported as `left`.

**Rerun**: harmless, also on what is half built or gone. A removal that fails does not stop the others; the run then fails
and names it, and the next run goes on from there. `summarise_teardown` logs what became of each resource.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.deployment.topology import SERVICES
from sales_cdc.provisioning.operators import remove
from sales_cdc.provisioning.operators.confirmation import ConfirmOperator
from sales_cdc.provisioning.operators.summary import SummariseOperator

topology = deployed_topology()

with DAG(
    dag_id="sales_cdc_teardown",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "owner_tags": topology.tags,
        "retries": 2,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=2),
    },
    params={
        "confirm": Param(
            "",
            type="string",
            title="Deployment to remove",
            description=f"Type '{topology.prefix}' to remove all its resources, orders and objects. There is no way back.",
        )
    },
    **dag_arguments(topology),
) as dag:
    confirm = ConfirmOperator(
        task_id="confirm_removal", answer="{{ params.confirm }}", expected=topology.prefix, retries=0
    )
    find_account = FindAccountOperator()

    with TaskGroup(
        "removal", default_args={"trigger_rule": TriggerRule.ALL_DONE_MIN_ONE_SUCCESS}, prefix_group_id=False
    ) as removal:
        encryption = []
        if topology.settings.kms_key_arn:
            named = topology.security_configuration.name
            encryption = [remove.RemoveSecurityConfigurationOperator(task_id="remove_encryption", resource=named)]
        removals = [
            remove.RemovePipeOperator(task_id="remove_pipe", resource=topology.pipe.name),
            remove.RemoveTableOperator(task_id="remove_table", resource=topology.table.name),
            remove.RemoveQueueOperator(task_id="remove_dead_letter_queue", resource=topology.dead_letter_queue.name),
            remove.RemoveDeliveryStreamOperator(task_id="remove_delivery_stream", resource=topology.delivery.name),
            remove.RemoveFunctionOperator(task_id="remove_transformer", resource=topology.transformer.name),
            remove.RemoveStreamOperator(task_id="remove_stream", resource=topology.stream.name),
            remove.RemoveCrawlerOperator(task_id="remove_crawler", resource=topology.crawler.name),
            remove.RemoveClassifierOperator(task_id="remove_classifier", resource=topology.classifier.name),
            remove.RemoveJobOperator(task_id="remove_job", resource=topology.job.name),
            *encryption,
            remove.RemoveDatabaseOperator(task_id="remove_database", resource=topology.database.name),
            remove.RemoveWorkGroupOperator(task_id="remove_workgroup", resource=topology.workgroup.name),
            remove.RemoveRuleOperator(task_id="remove_arrivals_rule", resource=topology.arrivals_rule.name),
            remove.RemoveQueueOperator(task_id="remove_arrivals_queue", resource=topology.arrivals_queue.name),
            remove.RemoveBucketOperator(task_id="remove_bucket", resource=topology.bucket.name),
            remove.RemoveLogGroupOperator(task_id="remove_transformer_log", resource=topology.transformer_log.name),
            remove.RemoveLogGroupOperator(task_id="remove_delivery_log", resource=topology.delivery_log.name),
            *[
                remove.RemoveRoleOperator(task_id=f"remove_{service}_role", resource=topology.role(service).name)
                for service in SERVICES
            ],
        ]

    summarise = SummariseOperator(
        task_id="summarise_teardown",
        of_tasks=[task.task_id for task in removals],
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        retries=0,
    )

    # A removal runs when the one before it has ended, well or not, but never without an account: that of a confirmed run.
    chain(confirm, find_account, [*removals, summarise])
    chain(*removals, summarise)
    describe_tasks(dag)
