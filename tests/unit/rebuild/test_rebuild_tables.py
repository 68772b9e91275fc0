"""Test the names of a rebuild's tables, which the job spells a second time, and how far it is."""

from __future__ import annotations

import rebuilding
from sales_cdc.contract import bucket_keys
from sales_cdc.contract.declared import declared_contract
from sales_cdc.rebuild.tables import OLD, PARTS, REBUILT, State, beside


def test_plugin_and_job_name_the_same_tables_and_the_same_mark() -> None:
    assert rebuilding.REBUILT == REBUILT
    assert f"{rebuilding.EXCHANGES}x/{rebuilding.MARK}" == f"{bucket_keys.EXCHANGES}x/mark"
    contract = declared_contract()
    assert [beside(contract, REBUILT).table(part) for part in PARTS] == [
        "orders_rebuild_changes", "orders_rebuild_current", "orders_rebuild_quarantine", "orders_rebuild_intake",
    ]  # fmt: skip
    assert PARTS[-1] == "intake", "until it is exchanged, objects are taken again"


def test_a_state_survives_its_document_and_knows_who_makes_room() -> None:
    state = State("run", "version", "exchanging", OLD)
    assert State.of(state.document()) == state
    assert (state.outgoing, State("run", "version").outgoing) == (REBUILT, OLD)
    assert State.of(None) is None
