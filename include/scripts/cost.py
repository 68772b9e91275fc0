"""Show what changes cost on AWS at list prices, and which limit a rate of changes meets first.

make cost ARGS="--changes 1000000 --days 30"    dollars by service, with formula and source
make cost ARGS="--rate 5000"                    limits, the settings that move them, dollars a month
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from sales_cdc.cost import scaling
from sales_cdc.cost.forecast import (
    ORDER_BYTES,
    PLAIN_WRITE,
    TRANSACTION_WRITE,
    CostError,
    Forecast,
    Line,
    Usage,
    forecast,
)
from sales_cdc.cost.prices import REGION, in_dollars

GB = 1024**3
MAX_CHANGES, MAX_DAYS, MAX_ITEM_BYTES = 10**15, 36_500, 400 * 1024
NOT_IN_IT = (
    "Not included: the table's own storage and recovery, CloudTrail, data that leaves the region, Airflow itself, and taxes. The free "
    "tier and discounts are not subtracted. This is a forecast, not a bill: prices change, and AWS's price pages decide."
)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make cost",
        usage='make cost ARGS="[options]"',
        description="What changes cost on AWS, and which limit a rate of changes meets first.",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--changes", type=_whole(MAX_CHANGES), default=1_000_000, metavar="N", help="default: %(default)s"
    )
    amount.add_argument("--rate", type=_whole(10**9, 1), metavar="N", help="changes a second: which limit comes first?")
    amount.add_argument("--markdown", action="store_true", help="the tables of docs/scaling.md")
    parser.add_argument("--days", type=_days, default=Decimal(30), metavar="D", help="0: on top of what runs anyway")
    parser.add_argument(
        "--item-bytes", type=_whole(MAX_ITEM_BYTES, 1), default=ORDER_BYTES, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--table-orders",
        type=_whole(MAX_CHANGES),
        metavar="N",
        help="orders that each batch reconciles (default: changes)",
    )
    parser.add_argument("--event-driven", action="store_true", help="arrivals start batches too")
    parser.add_argument(
        "--adopted", action="store_true", help="the table is somebody's, who pays for its writes and its recovery"
    )
    parser.add_argument("--region", default=os.environ.get("AWS_REGION") or REGION, help="default: AWS_REGION")
    parser.add_argument(
        "--plain-writes",
        action="store_true",
        help="one write unit a KB: writers without transactions (generate uses two)",
    )
    return parser.parse_args(given)


def _whole(most: int, least: int = 0) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least:,} to {most:,}")

    return parse


def _days(text: str) -> Decimal:
    try:
        days = Decimal(text)
    except InvalidOperation:
        days = Decimal(-1)
    if days.is_finite() and 0 <= days <= MAX_DAYS:
        return days
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 0 to {MAX_DAYS:,}")


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    units = PLAIN_WRITE if asked.plain_writes else TRANSACTION_WRITE
    console = Console(highlight=False)
    if asked.markdown:
        print(scaling.markdown())
    elif asked.rate:
        show_limits(console, asked.rate, asked.item_bytes, units)
    else:
        try:
            orders = asked.changes if asked.table_orders is None else asked.table_orders
            usage = Usage(
                asked.changes, asked.days, asked.item_bytes, units, table_bytes=orders * asked.item_bytes,
                event_driven=asked.event_driven, adopted=asked.adopted,
            )  # fmt: skip
            found = forecast(usage, asked.region)
        except CostError as error:
            print(error, file=sys.stderr)
            return 1
        show(console, found, asked.region)
    return 0


def show(console: Console, found: Forecast, region: str) -> None:
    """Print the dollars by line, each with its formula, and the sources of the prices."""
    table = Table(box=SIMPLE_HEAD, caption_justify="left")
    for name, right in (("service", False), ("dollars", True), ("quantity", True), ("formula", False)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for line in found.lines:
        table.add_row(f"{line.service} {line.what}", in_dollars(line.dollars), _quantity(line), line.formula)
    table.add_section()
    table.add_row(
        "together", in_dollars(found.dollars), "", f"{found.usage.changes:,} changes, {found.usage.days} days"
    )
    console.print(table)
    for page, prices in _by_page(found).items():
        console.print(f"{page}: {prices}", style="dim", markup=False)
    if region != found.region:
        console.print(
            f"There are no prices of {region} in prices.json: these are those of {found.region}.", markup=False
        )
    console.print(NOT_IN_IT, style="dim")


def _quantity(line: Line) -> str:
    if line.price.unit.startswith("byte"):
        return f"{line.quantity / GB:,.3f} {line.price.unit.replace('bytes', 'GB').replace('byte', 'GB')}"
    return f"{line.quantity:,.0f} {line.price.unit}"


def _by_page(found: Forecast) -> dict[str, str]:
    """The prices used, by AWS's page."""
    pages: dict[str, list[str]] = {}
    for line in found.lines:
        price = line.price
        told = f"${price.dollars} per {price.each}{' (secondary source)' if price.secondary else ''}"
        prices = pages.setdefault(f"{price.page}, {found.region}, {price.date}", [])
        if told not in prices:
            prices.append(told)
    return {page: ", ".join(prices) for page, prices in pages.items()}


def show_limits(console: Console, rate: int, item_bytes: int, units: int) -> None:
    """Every limit, those that the rate exceeds marked; what that rate costs in a month."""
    table = Table(box=SIMPLE_HEAD)
    for name, right in (("limit", False), ("changes/s", True), ("what moves it", False)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for limit in scaling.limits(item_bytes, units):
        style = "bold red" if limit.changes_per_second < rate else ""
        where = f"{limit.where}: {limit.rule} [dim]({limit.page})[/dim]"
        table.add_row(where, f"{limit.changes_per_second:,}", limit.setting, style=style)
    console.print(table)
    met = scaling.met(rate, item_bytes, units)
    first = f"meet first: {met[0].where}. {met[0].setting}." if met else "stay within every limit."
    console.print(f"{rate:,} changes a second, even over the day, {first}", markup=False)
    workers = ", ".join(f"{scaling.workers(rate, batches)} with {batches} batches a day" for batches in (1, 24))
    console.print(f"Glue workers (G.1X) for the job to keep within its time: {workers}.", markup=False)
    monthly = scaling.monthly(rate, item_bytes, units)
    dearest = ", ".join(f"{service} {in_dollars(dollars)}" for service, dollars in monthly.by_service().items())
    console.print(f"{in_dollars(monthly.dollars)} a month: {dearest}.", markup=False)


if __name__ == "__main__":
    sys.exit(main())
