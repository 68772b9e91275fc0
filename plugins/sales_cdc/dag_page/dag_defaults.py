"""Give every DAG what all of them share, and describe its tasks for Airflow's pages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

from airflow.sdk import Param

from sales_cdc.contract import bucket_keys
from sales_cdc.contract.bucket_keys import run_key
from sales_cdc.contract.declared import declared_contract
from sales_cdc.contract.statement_names import statement_names
from sales_cdc.deployment.process import include_folder
from sales_cdc.deployment.settings import NOTIFIERS, Settings, SettingsError
from sales_cdc.deployment.topology import Topology

MAX_ACTIVE_TASKS = 16
CURATE_LEDGER_KEY = f"{bucket_keys.CURATE_RUNS}{{{{ run_id | run_key }}}}.json"
"""Where the Glue job writes the counts of a DAG run; Jinja, for DAGs with ``sql_arguments``."""
WHAT_TO_DO = (
    "**When it fails**, the last lines of its log say what was attempted, on which resource, what was observed and what to do. "
    "Do that, then clear the task or run the DAG again: work that was done is not repeated."
)


def dag_arguments(topology: Topology) -> dict[str, Any]:
    """Return the arguments of every DAG: tags, limits on what runs at once, and the callback for failed runs.

    A DAG runs once at a time and never catches up. Tasks stay in Airflow's ``default_pool``, so nobody has to create a pool.

    Raises:
        SettingsError: SALES_CDC_ON_FAILURE names nothing that can be called.

    Example::

        with DAG(dag_id="sales_cdc_generate", schedule=None, default_args=task_defaults(topology), **dag_arguments(topology)):
            ...
    """
    return {
        "tags": ["sales-cdc"],
        "catchup": False,
        "max_active_runs": 1,
        "max_active_tasks": MAX_ACTIVE_TASKS,
        "on_failure_callback": failure_callback(topology.settings),
    }


def task_defaults(topology: Topology, **of_this_dag: Any) -> dict[str, Any]:
    """Return a DAG's ``default_args``: connection, owner, and two retries with growing pauses.

    Args:
        of_this_dag: the DAG's own retries and time limits; they are added to the defaults, or replace them.

    Example::

        task_defaults(topology, retries=5, execution_timeout=timedelta(hours=12))
    """
    return {
        "aws_conn_id": topology.settings.aws_conn_id,
        "region_name": topology.settings.region,
        "owner": "sales",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        **of_this_dag,
    }


def sql_arguments() -> dict[str, Any]:
    """Return the arguments of a DAG that runs SQL files: the folder ``include/sql``, the filter ``run_key``, the contract's names."""
    return {
        "template_searchpath": [str(include_folder() / "sql")],
        "user_defined_filters": {"run_key": run_key},
        "user_defined_macros": statement_names(declared_contract()),
    }


def asked_or_sunday(name: str) -> str:
    """Return Jinja that is ``true`` when the Param of that name is set, and in scheduled runs of a Sunday; else ``false``."""
    sunday = "dag_run.run_type == 'scheduled' and dag_run.start_date.isoweekday() == 7"
    return f"{{{{ (params.{name} or {sunday}) | lower }}}}"


def rate_param(default: int | None, description: str) -> Param:
    """Return the Param ``rate_per_second``: a number above 0, or empty for no limit."""
    return Param(
        default, type=["number", "null"], exclusiveMinimum=0, maximum=1_000_000, title="Rate per second",
        description=description,
        **{"not": {"type": "number", "maximum": 0}},  # refuses NaN: Airflow would store it as null, which means no limit
    )  # fmt: skip


def failure_callback(settings: Settings) -> Callable[[Any], Any] | None:
    """Return what SALES_CDC_ON_FAILURE names; Airflow calls it with the context of a failed run.

    Returns:
        The function or notifier; None when the setting is not set.

    Raises:
        SettingsError: the module or attribute does not exist, it is not a function or notifier, or Slack's package is missing.
    """
    if settings.on_failure is None:
        return None
    if settings.on_failure in NOTIFIERS:
        return _notifier(settings)
    module, _, name = settings.on_failure.rpartition(".")
    attempt = f"SALES_CDC_ON_FAILURE is {settings.on_failure!r}:"
    try:
        found = getattr(import_module(module), name)
    except ImportError as error:
        raise SettingsError(
            f"{attempt} importing {module} failed ({error}). Put the module where Airflow can import it on every machine, such as "
            "the plugins folder."
        ) from error
    except AttributeError as error:
        raise SettingsError(f"{attempt} the module {module} has no {name}.") from error
    if not callable(found) or isinstance(found, type):
        raise SettingsError(
            f"{attempt} that is {'a class' if isinstance(found, type) else 'not callable'}. Name a function that takes the "
            "context, or a notifier that a module holds."
        )
    callback: Callable[[Any], Any] = found
    return callback


def _notifier(settings: Settings) -> Callable[[Any], Any]:
    """Return a notifier of Airflow's own; imported here, because most deployments have none."""
    from sales_cdc.dag_page.notifiers import AlertsTopicNotifier, by_mail, in_slack

    makes: dict[str, Callable[[], Callable[[Any], Any]]] = {
        "sns": lambda: AlertsTopicNotifier(settings), "smtp": lambda: by_mail(settings), "slack": in_slack,
    }  # fmt: skip
    return makes[str(settings.on_failure)]()


def describe_tasks(dag: Any) -> None:
    """Give each task that has no ``doc_md`` one from its operator's docstring."""
    for task in dag.tasks:
        if task.doc_md:
            continue
        if task.is_mapped:
            task.partial_kwargs["doc_md"] = description_of(task.operator_class)
        else:
            task.doc_md = description_of(type(task), _particulars(task))


def description_of(operator: type, particulars: str = "") -> str:
    """Describe as Markdown what an operator does, which errors it raises, and what to do then."""
    paragraphs = dict.fromkeys(_first_paragraph(each) for each in _described_classes(operator))
    errors = next((found for each in operator.__mro__ if (found := _errors(each))), "")
    return "\n\n".join(part for part in (*paragraphs, particulars, errors, WHAT_TO_DO) if part)


def _particulars(task: Any) -> str:
    """Name the SQL files that a task runs, and say what a row of a check means."""
    files = [f"`include/sql/{name}`" for name in getattr(task, "statements", [getattr(task, "query", None)]) if name]
    finding = getattr(task, "finding", None)
    return "\n\n".join(
        [*([f"SQL: {', '.join(files)}."] if files else []), *([f"A row means {finding}."] if finding else [])]
    )


def _described_classes(operator: type) -> Iterator[type]:
    """Yield the operator and, when it inherits what it does from another operator of ours, that one."""
    yield operator
    doing = next((each for each in operator.__mro__ if vars(each).keys() & {"execute", "poke"}), operator)
    if doing.__module__.startswith("sales_cdc."):
        yield doing


def _first_paragraph(of: type) -> str:
    return " ".join(_docstring(of).split("\n\n")[0].split())


def _errors(of: type) -> str:
    """Return the docstring's section ``Raises`` as a Markdown list; empty when there is none."""
    if not of.__module__.startswith("sales_cdc."):
        return ""
    _, _, section = _docstring(of).partition("\nRaises:\n")
    entries = re.findall(r"^    (\w[^:\n]*): (.+(?:\n {5,}.+)*)", section.partition("\n\n")[0], re.MULTILINE)
    return "\n".join(f"* `{names}`: {' '.join(meaning.split())}" for names, meaning in entries)


def _docstring(of: type) -> str:
    return inspect.cleandoc(vars(of).get("__doc__") or "")
