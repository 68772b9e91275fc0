"""Check the contract's file, or propose one for a table that is there already.

make contract                                    the file of SALES_CDC_CONTRACT: good, or each line that is not
make contract TABLE=their-table SAMPLE=1000      a contract for that table, from some of its items, as JSON
make contract TABLE=their-table OUT=mine.json    into a file; the table of findings goes to the terminal
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sales_cdc.contract.change_contract import Contract
from sales_cdc.contract.contract_file import ContractError, load_contract
from sales_cdc.contract.declared import VARIABLE, contract_path

if TYPE_CHECKING:
    from rich.console import Console
    from sales_cdc.aws.table_sample import SamplePlan
    from sales_cdc.contract.proposal import Proposal, Proposed

MAX_SAMPLE = 100_000


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make contract",
        usage="make contract [TABLE=table [SAMPLE=1000] [ENTITY=name] [OUT=file]]",
        description="Check the contract's file; or propose a contract for a table, from some of its items.",
    )
    parser.add_argument("--table", metavar="NAME", help="an existing DynamoDB table")
    parser.add_argument(
        "--sample", type=_sample, default=1_000, metavar="N", help="items to read (default: %(default)s)"
    )
    parser.add_argument(
        "--entity", default="", metavar="NAME", help="names the tables (default: made of the table's name)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write the contract (default: standard output)"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing of a contract that is good")
    return parser.parse_args(given)


def _sample(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_SAMPLE:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_SAMPLE:,}")


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    return propose_for(asked) if asked.table else check(quiet=asked.quiet)


def check(*, quiet: bool = False) -> int:
    try:
        contract = load_contract(contract_path())
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    if not quiet:
        print(f"The contract {contract_path()} is good.\n{described(contract)}")
    return 0


def described(contract: Contract) -> str:
    """Return the entity, and a line for each attribute: its name, type and column."""
    rows = [("key", each.name, each.type, each.column) for each in contract.key]
    rows += [("field", each.name, each.type, each.column) for each in contract.fields]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = [
        f"  {role:<{widths[0]}}  {name:<{widths[1]}}  {kind:<{widths[2]}}  {column}"
        for role, name, kind, column in rows
    ]
    return "\n".join([f"  entity  {contract.entity}", *lines])


def propose_for(asked: argparse.Namespace) -> int:
    """Sample the table and propose its contract; what the settings say of a contract does not matter here."""
    os.environ.pop(VARIABLE, None)
    from rich.console import Console
    from sales_cdc.aws.errors import CallRefusedError
    from sales_cdc.contract.proposal import ProposalError
    from sales_cdc.deployment.settings import SettingsError

    if asked.out and asked.out.exists():
        print(
            f"{asked.out} is there already, and was not overwritten. Name another file, or remove it.", file=sys.stderr
        )
        return 1
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        proposal = sampled(asked, console)
        return hand_out(asked, proposal, console)
    except (SettingsError, CallRefusedError, ProposalError, ContractError) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def sampled(asked: argparse.Namespace, console: Console) -> Proposal:
    """Say what the sample will cost, read it, and propose."""
    from sales_cdc.aws.errors import ResourceMissingError, explained
    from sales_cdc.aws.table_sample import plan_sample, read_sample
    from sales_cdc.contract.proposal import ProposalError, propose
    from sales_cdc.deployment.settings import Settings
    from sales_cdc.provisioning.adoption import AdoptableTable, no_such_table

    settings = Settings.from_environment()
    client = connect(settings)
    try:
        with explained("look at the DynamoDB table", asked.table):
            description = client.describe_table(TableName=asked.table)["Table"]
    except ResourceMissingError:
        raise ProposalError(no_such_table(asked.table, settings.region)) from None
    plan = plan_sample(description, asked.sample)
    console.print(reading(plan, asked.sample), markup=False)
    items, units = read_sample(client, plan)
    console.print(f"Read {len(items):,} items for {units:,.1f} read units.", markup=False)
    table = AdoptableTable(description)
    proposal = propose(asked.table, table.key, items, asked.entity)
    show(console, proposal)
    stream = table.view_type or 'none; setup enables one with {"enable_stream": true}'
    console.print(f"The table's stream: {stream}.", markup=False)
    return proposal


def connect(settings: Any) -> Any:
    import boto3
    from botocore.config import Config
    from sales_cdc.deployment import endpoint_guard

    endpoint_guard.install(settings)
    endpoint = {"endpoint_url": settings.local_endpoint} if settings.local_endpoint else {}
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
    return boto3.client("dynamodb", region_name=settings.region, config=config, **endpoint)


def reading(plan: SamplePlan, sample: int) -> str:
    known = (
        f"about {plan.items:,} items ({plan.size_bytes:,} bytes)"
        if plan.items
        else "a number of items that DynamoDB has not counted yet"
    )
    return (
        f"Reading up to {sample:,} of {known} in '{plan.table}', spread over {plan.segments} parts of it: about "
        f"{plan.read_units:,.0f} read units, {plan.most_read_units:,} at most. Nothing is written."
    )


def show(console: Console, proposal: Proposal) -> None:
    """Print what the sample shows of each attribute, and what is proposed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    names = ("attribute", "in DynamoDB", "null", "digits", "proposed", "column", "rescued")
    for name in names:
        table.add_column(name, justify="right" if name in {"null", "digits", "rescued"} else "left", overflow="fold")
    for each in proposal.key:
        table.add_row(*_row(each, f"key, {each.type}"))
    for each in proposal.fields:
        table.add_row(*_row(each, each.type or "text, undeclared"))
    console.print(table)


def _row(each: Proposed, proposed: str) -> tuple[str, ...]:
    from rich.markup import escape

    kinds = (
        ", ".join(kind if len(each.kinds) == 1 else f"{kind} {count}" for kind, count in each.kinds.items()) or "NULL"
    )
    digits = f"{each.digits[0]}.{each.digits[1]}" if each.digits else ""
    values = each.items - each.nulls
    rescued = f"{each.rescued} of {values}" if each.rescued else ""
    cells = (each.name, kinds, f"{each.null_share:.1%}", digits, proposed, each.member.lower(), rescued)
    return tuple(map(escape, cells))


def hand_out(asked: argparse.Namespace, proposal: Proposal, console: Console) -> int:
    """Write the contract, having read it back as every reader will."""
    text = as_file(proposal.contract)
    if asked.out is None:
        print(text, end="")
    else:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(text, encoding="utf-8")
        load_contract(asked.out)
    named = asked.out or "the file that you save it to"
    console.print(
        f"Look through it, then: SALES_CDC_TABLE={asked.table} SALES_CDC_CONTRACT={named} and run setup "
        "(docs/your-own-table.md).", markup=False
    )  # fmt: skip
    return 0


def as_file(contract: dict[str, Any]) -> str:
    """Return the contract as people write it: an attribute a line.

    >>> print(as_file({"entity": "a", "key": [{"attribute": "id", "type": "S"}], "fields": []}), end="")
    {
      "entity": "a",
      "key": [
        {"attribute": "id", "type": "S"}
      ],
      "fields": [
      ]
    }
    """
    blocks = [f'  "entity": {json.dumps(contract["entity"])}']
    for part in ("key", "fields"):
        lines = [f"    {json.dumps(each, ensure_ascii=False)}" for each in contract[part]]
        blocks.append("\n".join([f'  "{part}": [', *([",\n".join(lines)] if lines else []), "  ]"]))
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
