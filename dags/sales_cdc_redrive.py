"""## Redrive: what failed on its way is tried again

**Schedule**: none; trigger it once the cause is mended. **Parameters**: see the form.

A change that the transformer refused, or that met a broken function, lies under `errors/` with its bytes and the reason. One
that the pipe gave up on has its position in the dead-letter queue. `redrive_errors` reads the first, `redrive_dead_letters`
reads the second back from the table's stream (it keeps them for 24 hours); both ask the transformer as it is deployed now and put
what it accepts under `raw/`. What fails again stays under `errors/`, with its new reason. A position that the stream no longer
holds is named in `ledger/redrive/trimmed/`, with what to do. The whole is counted in `ledger/redrive/<run>.json`.

Then run the batch: it finds the changes in `raw/` and confirms the runs that were waiting for them.

**Rerun**: harmless. Nothing leaves `errors/` or the queue before its success is in S3; the same changes get the same object; a
change delivered twice counts once, by order and sequence number. Two runs at once do each object once.

**Permissions** of the Airflow connection beyond setup's: `lambda:InvokeFunction` on the transformer; `s3:GetObject`,
`s3:PutObject` and `s3:DeleteObject` on `errors/`, `raw/` and `ledger/redrive/`; `sqs:ReceiveMessage`, `sqs:DeleteMessage` and
`sqs:ChangeMessageVisibility` on the queue; `dynamodb:GetShardIterator` and `dynamodb:GetRecords` on the table's stream.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.redrive.operators import RedriveDeadLettersOperator, RedriveErrorsOperator, ReportRedriveOperator

topology = deployed_topology()

PARAMS = {
    "dry_run": Param(
        False, type="boolean", title="Dry run",
        description="Try everything and report, but deliver nothing and leave everything where it is.",
    ),
    "reason": Param(
        "", type="string", title="Reason",
        description="Only records whose reason contains this text, such as FunctionError; empty: all.",
    ),
}  # fmt: skip

with DAG(
    dag_id="sales_cdc_redrive",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    default_args={
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=2),
    },
    dagrun_timeout=timedelta(hours=6),
    **dag_arguments(topology),
) as dag:
    place = {
        "bucket": topology.bucket.name,
        "function": topology.transformer.name,
        "delivery_stream_arn": topology.delivery.arn,
    }

    find_account = FindAccountOperator()
    redrive_errors = RedriveErrorsOperator(task_id="redrive_errors", **place)
    redrive_dead_letters = RedriveDeadLettersOperator(
        task_id="redrive_dead_letters", dead_letter_queue=topology.dead_letter_queue.name, **place
    )
    report_redrive = ReportRedriveOperator(task_id="report_redrive", bucket=topology.bucket.name)

    chain(find_account, redrive_errors, redrive_dead_letters, report_redrive)
    describe_tasks(dag)
