"""Size what bounds a day by the rate of changes that a deployment is for. Pure: no Airflow, no AWS client.

What is not used costs nothing: Glue adds workers while the job has work for them, and Athena bills what a query reads. A lower rate
bounds what a mistake can cost.
"""

from __future__ import annotations

SECONDS_PER_DAY, RAW_DAYS = 86_400, 30
ROW_BYTES = 750  # of a line in raw/ of an order of 200 bytes
LEAST_CUTOFF_BYTES = 100 * 1024**3
JOB_MINUTES, JOB_START_SECONDS, WORKER_CHANGES_PER_SECOND = 60, 180, 5_000
LEAST_WORKERS, MAX_WORKERS = 2, 299
"""Glue's bounds for G.1X. Source: https://docs.aws.amazon.com/glue/latest/dg/add-job.html"""


def query_cutoff_bytes(changes_per_second: int) -> int:
    """Return how much a query may read: an audit of 30 days at this rate, and 100 GB at least.

    >>> query_cutoff_bytes(40_000) // 10**12
    77
    """
    return max(LEAST_CUTOFF_BYTES, changes_per_second * SECONDS_PER_DAY * RAW_DAYS * ROW_BYTES)


def job_workers(changes_per_second: int) -> int:
    """Return up to how many workers the job may have: as many as take a day at this rate within its time.

    >>> job_workers(40_000)
    203
    """
    of_one = (JOB_MINUTES * 60 - JOB_START_SECONDS) * WORKER_CHANGES_PER_SECOND
    return min(MAX_WORKERS, max(LEAST_WORKERS, -(-changes_per_second * SECONDS_PER_DAY // of_one)))
