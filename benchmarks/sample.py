"""Measure ``make contract TABLE=… SAMPLE=1000`` on a table of 1,000,000 items: the command itself, from its start to the contract.

python -m benchmarks.sample http://127.0.0.1:4566
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

COMMAND = Path(__file__).parents[1] / "include" / "scripts" / "contract.py"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
ITEMS, SAMPLE = 1_000_000, 1_000
WRITERS = 4


def measure(endpoint: str) -> dict[str, float]:
    """Return ``sample_1000000_seconds``: of the first sample, before the cloud has sorted the table's keys."""
    name = f"Bench-{uuid.uuid4().hex[:8]}.Invoices"
    table = boto3.client("dynamodb", endpoint_url=endpoint, config=Config(max_pool_connections=WRITERS), **KEYS)
    _write_items(table, name)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(COMMAND), "--table", name, "--sample", str(SAMPLE)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    proposed = {each["attribute"]: each["type"] for each in json.loads(done.stdout)["fields"]}
    assert proposed == {"amount": "decimal(12,2)", "issued": "timestamp", "paid": "boolean"}, proposed
    table.delete_table(TableName=name)
    return {"sample_1000000_seconds": seconds}


def _write_items(table: Any, name: str) -> None:
    keys = {"customer": ("HASH", "S"), "line": ("RANGE", "N")}
    table.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, (role, _) in keys.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, (_, kind) in keys.items()],
    )  # fmt: skip

    def write(first: int) -> None:
        puts = [{"PutRequest": {"Item": _item(number)}} for number in range(first, first + 25)]
        table.batch_write_item(RequestItems={name: puts})

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(0, ITEMS, 25)))


def _item(number: int) -> dict[str, dict[str, Any]]:
    return {
        "customer": {"S": f"customer-{number:08d}"},
        "line": {"N": str(number % 10)},
        "amount": {"N": f"{number % 10_000}.25"},
        "issued": {"S": f"2026-11-{number % 28 + 1:02d}T10:00:00Z"},
        "paid": {"BOOL": number % 3 == 0},
    }


def main() -> None:
    for name, value in measure(sys.argv[1]).items():
        print(f"{name}: {value:,.2f}")


if __name__ == "__main__":
    main()
