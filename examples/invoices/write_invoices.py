"""Write mock invoices into the DynamoDB table of this example: insert, change and delete them.

The same seed writes the same invoices. With ``--odd`` some invoices have values that do not fit the contract, as they come
from other programs: the pipeline rescues them.

    make invoices ARGS="--invoices 200 --odd 5"
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from sales_cdc.contract.declared import declared_contract
from sales_cdc.deployment.settings import Settings, SettingsError
from sales_cdc.deployment.topology import Topology

SUPPLIERS = ("ACME", "Bünde & Sons", "Côte d'Or", "Delta-7")
CUSTOMERS = ("Ada", "Bjørn", "Chloé", "Dimitri", "Esi")
CITIES = ("Lyon", "Ulm", "Porto", "Gdańsk")
TAX_RATES = ("0.0000", "0.0700", "0.1900", "0.2550")
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
ODD: tuple[dict[str, Any], ...] = (
    {"gross": {"N": "99.999"}},  # more digits than the column has
    {"positions": {"S": "five"}},
    {"paid": {"N": "1"}},
    {"due_at": {"S": "end of month"}},
    {"weight_kg": {"BOOL": True}},
)
"""Values that do not fit the contract."""

Item = dict[str, dict[str, Any]]


def invoice(dice: Random, number: int) -> Item:
    """Make one invoice, as DynamoDB types it."""
    net = Decimal(dice.randrange(100, 10_000_000)) / 100
    rate = Decimal(dice.choice(TAX_RATES))
    issued_at = FIRST_DAY + timedelta(seconds=dice.randrange(300 * 86_400), milliseconds=dice.randrange(1000))
    items = [{"M": {"name": {"S": f"item {n}"}, "price": {"N": str(net)}}} for n in range(1, dice.randrange(2, 5))]
    return {
        "supplier": {"S": SUPPLIERS[number % len(SUPPLIERS)]},
        "number": {"N": str(number)},
        "customer": {"S": dice.choice(CUSTOMERS)},
        "currency": {"S": dice.choice(("EUR", "NOK"))},
        "net": {"N": str(net)},
        "tax rate": {"N": str(rate)},
        "gross": {"N": str((net * (1 + rate)).quantize(Decimal("0.01")))},
        "positions": {"N": str(len(items))},
        "weight_kg": {"N": str(dice.randrange(1, 100_000) / 1000)},
        "paid": {"BOOL": dice.random() < 0.5},
        "issued_at": {"S": issued_at.isoformat(timespec="milliseconds")},
        "due_at": {"N": str(int((issued_at + timedelta(days=30)).timestamp()))},
        "address": {"M": {"city": {"S": dice.choice(CITIES)}, "house no": {"N": str(dice.randrange(1, 200))}}},
        "items": {"L": items},
        "channel": {"S": dice.choice(("web", "desk"))},  # not in the contract: a further column
    }


def changes(dice: Random, count: int, odd: int) -> Iterator[tuple[str, Item]]:
    """Yield every write in its order: ``put`` an item, or ``delete`` the key of one."""
    items = [invoice(dice, number) for number in range(1, count + 1)]
    for item in items:
        yield "put", item
    for item in dice.sample(items, count // 3):
        yield "put", {**item, "paid": {"BOOL": not item["paid"]["BOOL"]}, "reminders": {"N": "1"}}
    deleted = dice.sample(items, count // 10)
    for item in deleted:
        yield "delete", {name: item[name] for name in ("supplier", "number")}
    left = [item for item in items if item not in deleted]
    for place, item in enumerate(left[:odd]):
        yield "put", {**item, **ODD[place % len(ODD)]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--invoices", type=int, default=100, help="how many to insert (default: %(default)s)")
    parser.add_argument(
        "--odd", type=int, default=5, help="how many get a value that does not fit (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same invoices (default: %(default)s)")
    given = parser.parse_args()
    try:
        settings = Settings.from_environment()
        if declared_contract().entity != "invoices":
            sys.exit(
                "This writes invoices: set SALES_CDC_CONTRACT=examples/invoices/contract.json. Nothing was written."
            )
        place = {"region_name": settings.region, "endpoint_url": settings.local_endpoint}
        table = Topology(settings, boto3.client("sts", **place).get_caller_identity()["Account"]).table.name
        client, counts = boto3.client("dynamodb", **place), {"put": 0, "delete": 0}
        dice = Random(given.seed)  # noqa: S311 (a seeded generator is the purpose)
        for kind, item in changes(dice, given.invoices, given.odd):
            if kind == "put":
                client.put_item(TableName=table, Item=item)
            else:
                client.delete_item(TableName=table, Key=item)
            counts[kind] += 1
    except (SettingsError, BotoCoreError, ClientError) as error:
        sys.exit(f"Writing invoices failed: {error}")
    print(
        f"Wrote {counts['put']} invoices and changes of invoices, and deleted {counts['delete']}, in the table {table}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
