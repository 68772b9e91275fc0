"""Update expressions and PartiQL's sums as DynamoDB evaluates them: numbers exact, paths of REMOVE checked.

The stream oracle in ``tests/`` found these differences: MiniStack rounds a sum to 28 digits, keeps the numbers of a
transaction's update as they were written, and takes the removal of an element whose map or list is not there. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (the reasons of ValidationError)
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import localcontext
from typing import Any

from local_cloud.emulator.item_numbers import EXACT, canonical
from local_cloud.emulator.seams import require
from local_cloud.wire import Answer

Item = dict[str, Any]
INVALID_PATH = "The document path provided in the update expression is invalid for update"


def patch_update_expressions(dynamodb: Any) -> None:
    """Replace the functions of ``ministack.services.dynamodb`` that evaluate updates.

    Raises:
        SeamMovedError: MiniStack lacks one of the functions.
    """
    require(
        dynamodb, "_apply_update_expression", "_apply_attribute_updates", "_apply_remove", "_pq_eval", "_split_by_comma",
        "_parse_path_from_tokens", "_get_at_path", "_number_error", "_ddb_canonicalize_number", "_partiql_update",
        "_partiql_remove_path", "_partiql_walk_parent", "error_response_json",
    )  # fmt: skip
    dynamodb._apply_update_expression = with_exact_numbers(dynamodb, dynamodb._apply_update_expression)
    dynamodb._apply_attribute_updates = exactly(dynamodb._apply_attribute_updates)
    dynamodb._apply_remove = refuse_missing_parents(dynamodb, dynamodb._apply_remove)
    dynamodb._partiql_remove_path = refuse_missing_parent(dynamodb, dynamodb._partiql_remove_path)
    dynamodb._partiql_update = answer_errors(dynamodb, dynamodb._partiql_update)
    dynamodb._pq_eval = with_exact_sums(dynamodb, dynamodb._pq_eval)


def exactly(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``evaluate`` with a precision that rounds no sum."""

    def evaluate_exactly(*args: Any, **more: Any) -> Any:
        with localcontext(EXACT):
            return evaluate(*args, **more)

    return evaluate_exactly


def with_exact_numbers(dynamodb: Any, apply: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``apply`` so that what it set has DynamoDB's numbers, or is refused with a ValueError."""
    exact = exactly(apply)

    def apply_exactly(*args: Any, **more: Any) -> tuple[Item, set[tuple[str | int, ...]]]:
        item, updated = exact(*args, **more)
        for name in {path[0] for path in updated} & item.keys():
            if error := dynamodb._number_error(item[name]["N"]) if "N" in item[name] else None:
                raise ValueError(error)
            item[name] = canonical(item[name], dynamodb._ddb_canonicalize_number)
        return item, updated

    return apply_exactly


def with_exact_sums(dynamodb: Any, evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return PartiQL's ``evaluate`` so that a sum is exact, or refused with a ValueError when it has too many digits."""
    exact = exactly(evaluate)

    def evaluate_exactly(node: Any, item: Item) -> Any:
        if node[0] != "arith":
            return evaluate(node, item)
        value = exact(node, item)
        if error := dynamodb._number_error(value["N"]):
            raise ValueError(error)
        return value

    return evaluate_exactly


def refuse_missing_parents(dynamodb: Any, remove: Callable[..., None]) -> Callable[..., None]:
    """Return REMOVE with a refusal of a path whose map or list is not there; an absent element of one that is, is no fault."""

    def remove_present(item: Item, tokens: Any, names: dict[str, str], updated: Any) -> None:
        for part in dynamodb._split_by_comma(tokens):
            path = dynamodb._parse_path_from_tokens(part, names)
            if len(path) > 1:
                check_parent(dynamodb._get_at_path(item, path[:-1]), path[-1])
        remove(item, tokens, names, updated)

    return remove_present


def refuse_missing_parent(dynamodb: Any, remove: Callable[..., None]) -> Callable[..., None]:
    """Return PartiQL's removal of one path with the refusal of ``refuse_missing_parents``."""

    def remove_present(item: Item, path: list[str | int]) -> None:
        if len(path) > 1:
            check_parent(dynamodb._partiql_walk_parent(item, path), path[-1])
        remove(item, path)

    return remove_present


def check_parent(parent: Item | None, element: str | int) -> None:
    """Raise ValueError unless ``parent`` is a list, for the number of an element, or a map, for its name."""
    if ("L" if isinstance(element, int) else "M") not in (parent or {}):
        raise ValueError(INVALID_PATH)


def answer_errors(dynamodb: Any, update: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return PartiQL's UPDATE so that a ValueError becomes an answer."""

    def update_or_refuse(*args: Any) -> Answer:
        try:
            return update(*args)
        except ValueError as error:
            refusal: Answer = dynamodb.error_response_json("ValidationException", str(error), 400)
            return refusal

    return update_or_refuse
