"""Name the tables of a rebuild, and hold how far it is. Pure: no Airflow, no AWS client.

The job makes each table beside the live one, under the entity's name and ``rebuild``. The exchange gives the live name the rebuilt
table, and keeps the former one under the name with ``old``. To restore is to exchange again, with the two names in each other's place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sales_cdc.contract.change_contract import Contract

PARTS = ("changes", "current", "quarantine", "intake")
"""The intake comes last: until it is exchanged, the live one lets each object be taken into the new tables again."""
Side = Literal["rebuild", "old"]
REBUILT: Side = "rebuild"
OLD: Side = "old"
Phase = Literal["building", "exchanging", "exchanged"]


def beside(contract: Contract, side: Side) -> Contract:
    """Return the contract whose tables stand beside the live ones.

    Example::

        beside(declared_contract(), REBUILT).entity  # "orders_rebuild"
    """
    return replace(contract, entity=f"{contract.entity}_{side}")


@dataclass(frozen=True)
class State:
    """Hold how far a rebuild is, in ``ledger/rebuild/state.json``.

    ``version``: what the job is made of; tables that another version began are begun again. ``incoming``: the side that becomes live.
    """

    run_id: str
    version: str
    phase: Phase = "building"
    incoming: Side = "rebuild"

    @property
    def outgoing(self) -> Side:
        """Return the side that keeps the former live tables."""
        return "old" if self.incoming == "rebuild" else "rebuild"

    @classmethod
    def of(cls, document: dict[str, Any] | None) -> State | None:
        return None if document is None else cls(**document)

    def document(self) -> dict[str, Any]:
        return asdict(self)
