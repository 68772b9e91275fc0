"""Hold everything that was read of a deployment and that its verdict follows from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sales_cdc.aws.errors import Refusal
from sales_cdc.verdict.hop import Hop
from sales_cdc.verdict.lake_reader import Report, Tail
from sales_cdc.verdict.matters import Acknowledgement
from sales_cdc.verdict.observation import Answer


@dataclass(frozen=True)
class BatchRuns:
    """What Airflow's database says of the batch DAG.

    ``failed_at`` is when the newest finished run failed, None when it succeeded or none has finished; ``failed_since`` when the first
    run after the last success failed. ``failed_tasks`` are that newest run's own failures, ``link`` leads to it. ``follows_arrivals``:
    the DAG, as Airflow has parsed it, starts when raw objects arrive; None when Airflow does not say.
    """

    is_paused: bool
    failed_at: datetime | None = None
    failed_since: datetime | None = None
    run_id: str = ""
    failed_tasks: Sequence[str] = ()
    link: str = ""
    follows_arrivals: bool | None = None


@dataclass(frozen=True)
class Evidence:
    """All that was read, at one moment.

    ``batch``, ``account`` and ``reconciliation`` are the newest of their kind, None when there is none. ``failed`` holds the records
    under ``errors/``. ``runs`` is None where nobody can be asked for what Airflow's database says. ``unread`` says of what else could
    not be read why. ``event_driven`` says that arrivals have to start batches. ``tables`` is None when they could not be listed.
    ``absent`` names parts without a hop of their own that do not exist.
    """

    at: datetime
    hops: Sequence[Hop] = ()
    rule: Answer = field(default_factory=Answer)
    event_driven: bool = False
    failed: Tail | None = None
    dead_letters: int = 0
    tables: frozenset[str] | None = frozenset()
    absent: Sequence[str] = ()
    batch: Report | None = None
    account: Report | None = None
    reconciliation: Report | None = None
    runs: BatchRuns | None = None
    acknowledgements: Sequence[Acknowledgement] = ()
    unread: Mapping[str, Refusal] = field(default_factory=dict)
