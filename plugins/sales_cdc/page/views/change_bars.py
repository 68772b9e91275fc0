"""Make the bars of changes over time: by minute, hour or day, in UTC. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sales_cdc.page.views.span import begin_of
from sales_cdc.page.views.texts import moment

PARTS = {  # of a bar, from the counts of the insight change_mix_by_hour
    "inserts": ("inserts",),
    "updates": ("modifies",),
    "deletes": ("removes_by_users", "removes_by_expiry"),
}


def summed(
    hours: Iterable[Mapping[str, str | None]], unit: str, since: datetime, until: datetime | None = None
) -> list[dict[str, Any]]:
    """Add up counts by hour to bars of hours or days, oldest first, from ``since`` on and before ``until``."""
    bars: dict[datetime, dict[str, int]] = {}
    for row in hours:
        hour = datetime.fromisoformat(str(row["change_hour"])).replace(tzinfo=UTC)
        if hour < since or (until is not None and hour >= until):
            continue
        bar = bars.setdefault(begin_of(unit, hour), dict.fromkeys(PARTS, 0))
        for kind, names in PARTS.items():
            bar[kind] += sum(int(row[name] or 0) for name in names)
    return [{"at": moment(f"{at:%Y-%m-%d %H:%M:%S}"), **bars[at]} for at in sorted(bars)]
