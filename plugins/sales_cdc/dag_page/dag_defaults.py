"""What every DAG of the project has in common, and what Airflow's pages say about each of its tasks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology

TASKS_AT_ONCE = 16
WHAT_TO_DO = (
    "**When it fails**, the last lines of its log say what was tried, on what, what was seen and what to do. Once that is done, "
    "clear the task, or run the DAG again: nothing is done twice."
)


def dag_arguments(topology: Topology) -> dict[str, Any]:
    """Arguments of every DAG: its tags, how many of its tasks run at once, and what is called when a run fails.

    Tasks stay in Airflow's ``default_pool``, so that no pool has to be made by hand.

    Raises:
        SettingsError: SALES_CDC_ON_FAILURE names nothing that can be called.
    """
    return {
        "tags": ["sales-cdc"],
        "max_active_tasks": TASKS_AT_ONCE,
        "on_failure_callback": failure_callback(topology.settings),
    }


def failure_callback(settings: Settings) -> Callable[[Any], Any] | None:
    """What the setting SALES_CDC_ON_FAILURE names: called with the context of a failed run; None when it is not set.

    Raises:
        SettingsError: there is no such module or attribute, or it is no function or notifier.
    """
    if settings.on_failure is None:
        return None
    module, _, name = settings.on_failure.rpartition(".")
    attempt = f"SALES_CDC_ON_FAILURE is {settings.on_failure!r}:"
    try:
        found = getattr(import_module(module), name)
    except ImportError as error:
        raise SettingsError(
            f"{attempt} importing {module} failed ({error}). Put the module where Airflow finds it on every machine, such as "
            "the plugins folder."
        ) from error
    except AttributeError as error:
        raise SettingsError(f"{attempt} the module {module} has no {name}.") from error
    if not callable(found) or isinstance(found, type):
        raise SettingsError(
            f"{attempt} that is {'a class' if isinstance(found, type) else 'not callable'}. It has to be a function that takes "
            "the context, or a notifier made in a module."
        )
    callback: Callable[[Any], Any] = found
    return callback


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
    """What an operator does, which errors it ends with, and what to do then, as Markdown."""
    told = dict.fromkeys(_first_paragraph(each) for each in _storytellers(operator))
    errors = next((found for each in operator.__mro__ if (found := _errors(each))), "")
    return "\n\n".join(part for part in (*told, particulars, errors, WHAT_TO_DO) if part)


def _particulars(task: Any) -> str:
    """The SQL files that a task runs; what a row that a check finds means."""
    files = [f"`include/sql/{name}`" for name in getattr(task, "statements", [getattr(task, "query", None)]) if name]
    finding = getattr(task, "finding", None)
    return "\n\n".join(
        [*([f"SQL: {', '.join(files)}."] if files else []), *([f"A row means {finding}."] if finding else [])]
    )


def _storytellers(operator: type) -> Iterator[type]:
    """The operator, and, when it only fills in another one of ours, that one."""
    yield operator
    doing = next((each for each in operator.__mro__ if vars(each).keys() & {"execute", "poke"}), operator)
    if doing.__module__.startswith("sales_cdc."):
        yield doing


def _first_paragraph(of: type) -> str:
    return " ".join(_docstring(of).split("\n\n")[0].split())


def _errors(of: type) -> str:
    """The docstring's section ``Raises`` as a list; empty without one."""
    if not of.__module__.startswith("sales_cdc."):
        return ""
    _, _, section = _docstring(of).partition("\nRaises:\n")
    entries = re.findall(r"^    (\w[^:\n]*): (.+(?:\n {5,}.+)*)", section.partition("\n\n")[0], re.MULTILINE)
    return "\n".join(f"* `{names}`: {' '.join(meaning.split())}" for names, meaning in entries)


def _docstring(of: type) -> str:
    return inspect.cleandoc(vars(of).get("__doc__") or "")
