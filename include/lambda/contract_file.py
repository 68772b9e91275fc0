"""Read the contract's file, or refuse it for people: which file, which line, what is wrong, what to write instead.

The only reader of a contract. The transformer has this file in its zip, the Glue job among its parts, the plugin as
``sales_cdc.contract.contract_file``; the last two are links to this file. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__:  # of the plugin; where it ships, the modules lie side by side and belong to no package
    from sales_cdc.contract import change_contract
else:
    import change_contract  # type: ignore[import-not-found, no-redef]

KEY_TYPES = ("S", "N")
FIELD_TYPES = "string, bigint, double, decimal(12,2), boolean, timestamp or json"
OTHER_WORDS = {
    "S": "string", "text": "string", "str": "string", "varchar": "string", "char": "string", "uuid": "string",
    "N": "bigint, double or decimal(38,9)", "int": "bigint", "integer": "bigint", "long": "bigint", "number": "decimal(38,9)",
    "float": "double", "real": "double", "decimal": "decimal(12,2)", "numeric": "decimal(12,2)", "money": "decimal(12,2)",
    "BOOL": "boolean", "bool": "boolean", "date": "timestamp", "datetime": "timestamp", "time": "timestamp",
    "M": "json", "L": "json", "map": "json", "list": "json", "array": "json", "struct": "json", "object": "json",
}  # fmt: skip
"""What other systems call these types, with ours."""
MAX_DIGITS = 38
"""Of a decimal in Athena, and in Iceberg."""
MAX_FIELDS = 250
"""Statements name every field; with some hundred further columns they are well within Athena's 262,144 bytes."""
TABLES_OF_NO_ENTITY = ("pipeline_ledger",)

_OWN_COLUMNS = (
    *change_contract.METADATA,
    *change_contract.STATE_COLUMNS,
    *change_contract.PARTITION_COLUMNS,
    change_contract.REST_COLUMN,
)
_tokens = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+').finditer
_is_entity = re.compile(r"[a-z][a-z0-9_]{0,99}").fullmatch
_is_member = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,199}").fullmatch
_is_plain_type = re.compile("string|bigint|double|boolean|timestamp|json").fullmatch
_as_decimal = re.compile(r"decimal\((0|[1-9][0-9]*),(0|[1-9][0-9]*)\)").fullmatch

Problem = tuple[int, str]
"""A line of the file, 0 for all of it; what is wrong there, and what to write."""


class ContractError(ValueError):
    """A file declares no contract that the pipeline can keep. The message has every one of its ``problems``."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path, self.problems = path, problems
        super().__init__(
            "\n".join(f"The contract {path}{f', line {line}' if line else ''}: {problem}" for line, problem in problems)
        )


class _Unreadable(Exception):  # noqa: N818 (of this file alone: it becomes a ContractError)
    def __init__(self, line: int, problem: str) -> None:
        self.problem = (line, problem)


@dataclass(frozen=True)
class _Node:
    """A value of the document, and its line. Members of objects and entries of lists are nodes, too."""

    value: Any
    line: int


def load_contract(path: Path) -> change_contract.Contract:
    """Read the contract that a file declares.

    Raises:
        ContractError: the file cannot be read, or declares none.

    Example::

        load_contract(Path("include/contract/orders.json")).entity  # "orders"
    """
    try:
        root = _located(_text(path))
    except _Unreadable as error:
        raise ContractError(path, [error.problem]) from None
    if problems := sorted(_problems(root)):
        raise ContractError(path, problems)
    entity, key, fields = (root.value[part].value for part in ("entity", "key", "fields"))
    return change_contract.Contract(entity, *(tuple(map(_attribute, entries)) for entries in (key, fields)))


def _attribute(entry: _Node) -> change_contract.Attribute:
    declared = {name: node.value for name, node in entry.value.items()}
    return change_contract.Attribute(
        declared["attribute"], declared["type"], declared.get("member", declared["attribute"])
    )


# The document, with its lines


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _Unreadable(0, "there is no such file. Write it, or let SALES_CDC_CONTRACT name another.") from None
    except OSError as error:
        raise _Unreadable(0, f"it cannot be read ({error.strerror}). Let SALES_CDC_CONTRACT name a file.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, "a byte here is not UTF-8. Save the file as UTF-8.") from None


def _located(text: str) -> _Node:
    try:
        json.loads(text)
        tokens = ((found[0], text.count("\n", 0, found.start()) + 1) for found in _tokens(text))
        return _node(*next(tokens), tokens)
    except json.JSONDecodeError as error:
        wrong = f"it is not JSON from column {error.colno} on ({error.msg}). Mend it there, or just before."
        raise _Unreadable(error.lineno, wrong) from None
    except RecursionError:
        raise _Unreadable(1, "it is nested too deeply. Write an object with entity, key and fields.") from None


def _node(lexeme: str, line: int, tokens: Iterator[tuple[str, int]]) -> _Node:
    """Build the value that a lexeme of valid JSON opens, up to its end."""
    if lexeme == "{":
        return _Node(_members(tokens), line)
    if lexeme != "[":
        return _Node(json.loads(lexeme), line)
    entries = []
    for opening, at in tokens:
        if opening == "]":
            break
        if opening != ",":
            entries.append(_node(opening, at, tokens))
    return _Node(entries, line)


def _members(tokens: Iterator[tuple[str, int]]) -> dict[str, _Node]:
    members: dict[str, _Node] = {}
    for lexeme, line in tokens:
        if lexeme == "}":
            break
        if lexeme == ",":
            continue
        name = json.loads(lexeme)
        if name in members:
            raise _Unreadable(line, f'"{name}" is written twice in one object. Remove one of the two.')
        next(tokens)  # the colon
        members[name] = _node(*next(tokens), tokens)
    return members


# What is wrong with it


def _problems(root: _Node) -> Iterator[Problem]:
    declared = root.value
    if not isinstance(declared, dict) or declared.keys() != {"entity", "key", "fields"}:
        seen = f"; this has {_listed(declared)}" if isinstance(declared, dict) else ""
        yield root.line, f"a contract is an object with entity, key and fields, and no other member{seen}."
        return
    yield from _entity_problems(declared["entity"])
    named: list[_Node] = []
    for part, most in (("key", 2), ("fields", MAX_FIELDS)):
        node = declared[part]
        if not isinstance(node.value, list) or not 1 <= len(node.value) <= most:
            yield node.line, _WRONG_PART[part]
            continue
        for place, entry in enumerate(node.value):
            wrong = list(_entry_problems(f"{part}[{place}]", entry, part))
            yield from wrong
            named += [] if wrong else [entry]
    yield from _name_problems(named)


_WRONG_PART = {
    "key": "key has to be a list of one attribute, or of two where the table has a sort key.",
    "fields": f"fields has to be a list of 1 to {MAX_FIELDS} attributes; those that it leaves out reach the tables as text.",
}


def _listed(members: Mapping[str, Any]) -> str:
    return ", ".join(members) or "none"


def _entity_problems(node: _Node) -> Iterator[Problem]:
    if not isinstance(node.value, str) or not _is_entity(node.value):
        yield (
            node.line,
            (
                "entity names the tables: it has to be 1 to 100 lower-case letters, digits and _, beginning with a letter, such as "
                f"orders; it is {json.dumps(_plain(node))}."
            ),
        )
    elif node.value in TABLES_OF_NO_ENTITY:
        yield node.line, f"{node.value} is a table of the pipeline's own. Choose another entity."


def _plain(node: _Node) -> Any:
    return node.value if isinstance(node.value, str | int | float | None) else "…"


def _entry_problems(where: str, entry: _Node, part: str) -> Iterator[Problem]:
    members: dict[str, _Node] = entry.value if isinstance(entry.value, dict) else {}
    missing = {"attribute", "type"} - members.keys()
    unknown = members.keys() - {"attribute", "type", "member"}
    if missing or unknown or not members:
        seen = " and ".join(f"{name} is {what}" for what, names in (("missing", missing), ("unknown", unknown)) for name in sorted(names))  # fmt: skip
        form = '{"attribute": …, "type": …}, with "member" if its column has another name'
        yield entry.line, f"{where} has to be {form}{f'; {seen}' if members else ''}."
        return
    for name, node in members.items():
        if not isinstance(node.value, str) or not node.value or not _is_unicode(node.value):
            yield node.line, f"{name} of {where} has to be a text, and not an empty one."
            return
    wrong = _key_type_problem(members["type"].value) if part == "key" else field_type_problem(members["type"].value)
    if wrong:
        yield members["type"].line, f"{where}, {members['attribute'].value}: {wrong}"
    member = members.get("member", members["attribute"])
    if not _is_member(member.value):
        yield (
            member.line,
            (
                f'{where}: {member.value} is no name of a column. Add a "member" of up to 200 letters, digits and _, beginning with a '
                "letter."
            ),
        )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _key_type_problem(kind: str) -> str | None:
    if kind in KEY_TYPES:
        return None
    return f"{kind} is no type of a key. Write S, or N where the table's key is a number; binary keys (B) are not supported."


def field_type_problem(kind: str) -> str | None:
    """Say why a text is no type of a field, and what to write; None when it is one.

    >>> field_type_problem("decimal(40,2)")
    'decimal(40,2) has more digits than the 38 of a decimal. Write decimal(38,2): a longer number is rescued.'
    """
    if _is_plain_type(kind):
        return None
    decimal = _as_decimal(kind)
    if decimal is None:
        plain = kind.strip().replace(" ", "").lower()
        meant = (
            plain if _is_plain_type(plain) or _as_decimal(plain) else OTHER_WORDS.get(kind) or OTHER_WORDS.get(plain)
        )
        return f"{kind} is no type of a field. Write {meant or FIELD_TYPES}."
    digits, scale = map(int, decimal.groups())
    if digits > MAX_DIGITS:
        fits = f"decimal({MAX_DIGITS},{min(scale, MAX_DIGITS)})"
        return f"{kind} has more digits than the {MAX_DIGITS} of a decimal. Write {fits}: a longer number is rescued."
    if not digits or scale > digits:
        return f"{kind} has more digits after its point than in all. Write decimal(12,2) for 12 digits, 2 of them after the point."
    return None


def _name_problems(entries: list[_Node]) -> Iterator[Problem]:
    """Yield the attributes that are declared twice, and the columns that are taken."""
    columns = dict.fromkeys(_OWN_COLUMNS, "one of the pipeline's own")
    attributes: dict[str, int] = {}
    for entry in entries:
        each = _attribute(entry)
        if each.name in attributes:
            yield entry.line, f"{each.name} is declared in line {attributes[each.name]} already. Remove one of the two."
        elif each.name == change_contract.TOUCH:
            yield entry.line, f"{each.name} is taken: the pipeline writes that attribute itself. Remove it."
        elif each.column in columns:
            yield (
                entry.line,
                (
                    f"the name {each.member} is taken: the column {each.column} is {columns[each.column]} (names are compared without "
                    f'case). Give {each.name} a "member" that nothing else has.'
                ),
            )
        attributes.setdefault(each.name, entry.line)
        columns.setdefault(each.column, f"that of {each.name} in line {entry.line}")
