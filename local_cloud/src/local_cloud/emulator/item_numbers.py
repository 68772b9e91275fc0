"""Numbers of items: exact sums, and the text that DynamoDB keeps.

DynamoDB's numbers have up to 38 digits, between 1E-130 and 9.9E+125; zeros before and after them are trimmed. MiniStack adds
in Python's default precision, 28 digits. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context
from typing import Any

EXACT = Context(prec=300)  # holds every sum of two of DynamoDB's numbers


def canonical(value: dict[str, Any], number: Callable[[str], str | None]) -> dict[str, Any]:
    """Return an attribute's value with its numbers as DynamoDB keeps them; ``number`` trims one, or refuses it with None."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return {"N": number(content) or content}
        case "NS":
            return {"NS": [number(member) or member for member in content]}
        case "L":
            return {"L": [canonical(member, number) for member in content]}
        case "M":
            return {"M": {name: canonical(member, number) for name, member in content.items()}}
    return value
