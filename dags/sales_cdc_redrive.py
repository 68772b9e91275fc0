"""## Redrive: try failed changes again and deliver those that now succeed

**Schedule**: none; trigger it once the cause of the failures is fixed. **Parameters**: see the form.
**Example configuration**: `{"dry_run": true, "reason": "FunctionError"}`

A change that the transformer refused, or that met a broken function, is under `errors/` with its bytes and the reason. A change
that the pipe gave up on has its position in the dead-letter queue. `redrive_errors` reads the first kind. `redrive_dead_letters`
reads the second kind back from the table's stream, which keeps records for 24 hours. Both call the transformer as it is deployed
now and put what it accepts under `raw/`. A change that fails again stays under `errors/` with its new reason. A position that the
stream no longer holds is named in `ledger/redrive/trimmed/`, with what to do. `ledger/redrive/<run>.json` holds the counts.

Run the batch afterwards: it finds the changes in `raw/` and confirms the runs that were waiting for them.

**Rerun**: safe. Nothing leaves `errors/` or the queue before its success is in S3; the same changes get the same object; a
duplicate delivery counts once, by order and sequence number. Two runs at the same time redrive each object once.

**Permissions** of the Airflow connection beyond setup's: `lambda:InvokeFunction` on the transformer; `s3:GetObject`,
`s3:PutObject` and `s3:DeleteObject` on `errors/`, `raw/` and `ledger/redrive/`; `sqs:ReceiveMessage`, `sqs:DeleteMessage` and
`sqs:ChangeMessageVisibility` on the queue; `dynamodb:GetShardIterator` and `dynamodb:GetRecords` on the table's stream.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain
from sales_cdc.aws.identity import FindAccountOperator
from sales_cdc.dag_page.dag_defaults import dag_arguments, describe_tasks, task_defaults
from sales_cdc.deployment.process import deployed_topology
from sales_cdc.redrive.operators.redrive import RedriveDeadLettersOperator, RedriveErrorsOperator
from sales_cdc.redrive.operators.report import ReportRedriveOperator

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
    dagrun_timeout=timedelta(hours=6),
    params=PARAMS,
    default_args=task_defaults(topology, execution_timeout=timedelta(hours=2)),
    **dag_arguments(topology),
) as dag:
    bucket = topology.bucket.name
    transformer = {"function": topology.transformer.name, "delivery_stream_arn": topology.delivery.arn}
    dead_letters = {"dead_letter_queue": topology.dead_letter_queue.name}

    find_account = FindAccountOperator()
    redrive_errors = RedriveErrorsOperator(task_id="redrive_errors", bucket=bucket, **transformer)
    redrive_dead_letters = RedriveDeadLettersOperator(
        task_id="redrive_dead_letters", bucket=bucket, **dead_letters, **transformer
    )
    report_redrive = ReportRedriveOperator(task_id="report_redrive", bucket=bucket)

    chain(find_account, redrive_errors, redrive_dead_letters, report_redrive)
    describe_tasks(dag)
