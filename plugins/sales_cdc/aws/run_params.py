"""Refuse a run whose configuration names a Param that its DAG does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException


class UnknownParamError(AirflowFailException):
    """The run's configuration has keys that the DAG does not have; nothing was done."""


def require_known_params(dag: Any, conf: Mapping[str, Any]) -> None:
    """Refuse keys that the DAG does not have.

    Airflow accepts any key; with a misspelt one, the run would silently use the default.

    Raises:
        UnknownParamError: names the unknown keys, and the known ones.
    """
    schemas = {name: dag.params.get_param(name).schema for name in dag.params}
    if unknown := sorted(conf.keys() - schemas.keys()):
        known = ", ".join(sorted(name for name, schema in schemas.items() if "const" not in schema)) or "none"
        raise UnknownParamError(
            f"Unknown Param {', '.join(unknown)} in the run's configuration; known are {known}. Nothing was written. Start a new run "
            "with the right names."
        )
