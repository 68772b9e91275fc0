"""Keep between two looks which raw objects were read, and what they hold of the awaited orders: each object is read once. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sales_cdc.aws.ledger_folder import json_line
from sales_cdc.contract.lines import Arrival


@dataclass
class SeenArrivals:
    """Hold what was seen while the same generate runs were waited for: the objects' keys, and the arrivals of the awaited orders."""

    runs: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    arrivals: list[Arrival] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> SeenArrivals | None:
        """Read what ``text`` wrote; None when it is damaged: then everything is read again."""
        try:
            first, *lines = (json.loads(line, parse_float=Decimal) for line in text.splitlines())
            arrivals = [Arrival(line["event"], datetime.fromisoformat(line["stored_at"])) for line in lines]
            return cls(set(first["runs"]), set(first["objects"]), arrivals)
        except (ValueError, KeyError, TypeError):
            return None

    def text(self) -> str:
        """Return JSON lines: the names, then an arrival each, its numbers exact."""
        first = {"runs": sorted(self.runs), "objects": sorted(self.objects)}
        lines = [{"stored_at": each.stored_at.isoformat(), "event": dict(each.event)} for each in self.arrivals]
        return json_line(first) + "".join(json_line(line) for line in lines)

    def of(self, runs: set[str]) -> SeenArrivals:
        """Return this if it is of these runs; else one that has seen nothing."""
        return self if self.runs == runs else SeenArrivals(set(runs))

    def add(self, arrivals: Iterable[Arrival], orders: set[str]) -> None:
        """Keep the arrivals of these orders."""
        self.arrivals += [each for each in arrivals if each.order_id in orders]
