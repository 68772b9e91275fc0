"""Athena's Hive-style statements, read with patterns of their own: names, column lists, clauses.

Source: *DDL statements* of the Athena User Guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local_cloud.athena.errors import QueryFailed
from local_cloud.athena.types import hive_name, parse_type

_TOKEN = re.compile(
    r"""\s*('(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`[^`]+`|--[^\n]*|/\*.*?\*/|[A-Za-z_$][\w$]*|\d+(?:\.\d+)?|<=|>=|<>|!=|[^\s\w])""",
    re.DOTALL,
)


@dataclass(slots=True)
class Words:
    """The statement's words, taken one after the other."""

    sql: str
    tokens: list[str] = field(default_factory=list)
    position: int = 0

    def __post_init__(self) -> None:
        self.tokens = [token for token in _TOKEN.findall(self.sql) if not token.startswith(("--", "/*"))]

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        if not token:
            raise self.wrong()
        self.position += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words if they come next, whatever their case."""
        found = [token.upper() for token in self.tokens[self.position : self.position + len(words)]]
        if found != list(words):
            return False
        self.position += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise self.wrong(" ".join(words))

    def end(self) -> None:
        if self.next:
            raise self.wrong("<EOF>")

    def wrong(self, expected: str = "") -> QueryFailed:
        found = self.next or "<EOF>"
        ending = f" expecting {expected}" if expected else ""
        return QueryFailed("", f"FAILED: ParseException line 1:0 mismatched input '{found}'{ending}")

    def name(self) -> str:
        """An identifier, lower-cased, its quotes taken off."""
        token = self.take()
        if token[0] in '`"':
            return token[1:-1].lower()
        if not re.fullmatch(r"[\w$-]+", token):
            self.position -= 1
            raise self.wrong("an identifier")
        return token.lower()

    def table(self, database: str) -> tuple[str, str]:
        """``[catalog.][database.]table``."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return (parts[-2] if len(parts) > 1 else database), parts[-1]

    def text(self) -> str:
        """A quoted text."""
        token = self.take()
        if token[0] not in "'\"":
            self.position -= 1
            raise self.wrong("a quoted text")
        return re.sub(r"\\(.)", r"\1", token[1:-1].replace("''", "'")) if token[0] == "'" else token[1:-1]

    def properties(self) -> dict[str, str]:
        """``('a' = 'b', …)``."""
        found: dict[str, str] = {}
        self.expect("(")
        while not self.accept(")"):
            key = self.text()
            self.expect("=")
            found[key] = self.text()
            self.accept(",")
        return found

    def columns(self) -> list[dict[str, str]]:
        """``(name type [COMMENT 'text'], …)`` as Glue keeps columns."""
        found = []
        self.expect("(")
        while not self.accept(")"):
            column = {"Name": self.name(), "Type": self._type()}
            if self.accept("COMMENT"):
                column["Comment"] = self.text()
            found.append(column)
            self.accept(",")
        return found

    def _type(self) -> str:
        depth, parts = 0, []
        while self.next and not (depth == 0 and (self.next in {",", ")"} or self.next.upper() == "COMMENT")):
            token = self.take()
            depth += (token in "<(") - (token in ">)")
            parts.append(token)
        text = "".join(parts).lower()
        if not text:
            raise self.wrong("a type")
        return hive_name(parse_type(text))

    def partition(self) -> list[tuple[str, str, str]]:
        """``PARTITION (key = 'value', …)``: name, operator, value as text."""
        self.expect("PARTITION")
        found = []
        self.expect("(")
        while not self.accept(")"):
            key, operator = self.name(), self.take()
            token = self.take()
            value = re.sub(r"''", "'", token[1:-1]) if token[0] in "'\"" else token
            found.append((key, operator, value))
            self.accept(",")
        return found
