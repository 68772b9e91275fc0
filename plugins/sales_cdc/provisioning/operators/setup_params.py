"""The form of the setup DAG."""

from __future__ import annotations

from airflow.sdk import Param


def setup_params() -> dict[str, Param]:
    """Return the Params of the setup DAG, made for one DAG: a Param keeps the value that a run gives it."""
    return {
        "plan_only": Param(
            False, type="boolean", title="Plan only",
            description="Read only: log whether setup can run, what it would create or change, and what that costs. No task runs after it.",
        ),
        "operating": Param(
            "", type="string", title="Principal of the other DAGs", pattern=r"^(arn:aws[a-z-]*:iam::\d{12}:(user|role)/.+)?$",
            description="For the plan: the ARN of the user or role whose permissions are simulated. Empty: the one of this DAG.",
        ),
        "replace_stream": Param(
            False, type="boolean", title="Replace the table's stream",
            description="Needed once after SALES_CDC_STREAM_VIEW_TYPE was changed. Stop all writers to the table first.",
        ),
        "enable_stream": Param(
            False, type="boolean", title="Enable the adopted table's stream",
            description="For a table of SALES_CDC_TABLE that has none. Nothing else of it is changed; teardown disables the stream again.",
        ),
        "probe_adopted_table": Param(
            False, type="boolean", title="Prove the chain with an item in the adopted table",
            description="Writes one item and deletes it again. Whoever reads the table or its stream sees it.",
        ),
        "rebuild_follows": Param(
            False, type="boolean", title="Take a contract that needs a rebuild",
            description="Run sales_cdc_rebuild afterwards, before the next batch.",
        ),
    }  # fmt: skip
