"""Read Athena's Hive-style statements by patterns of our own: names, column lists, clauses.

Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.types import hive_name, parse_type

_TOKEN = re.compile(
    r"""\s*('(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`[^`]+`|--[^\n]*|/\*.*?\*/|[A-Za-z_$][\w$]*|\d+(?:\.\d+)?|<=|>=|<>|!=|[^\s\w])""",
    re.DOTALL,
)

NAME = r'(?:[\w$]+|"(?:[^"]|"")+"|`[^`]+`)'
TABLE = rf"{NAME}(?:\s*\.\s*{NAME})*"
"""Patterns of an identifier, and of ``[catalog.][database.]table``."""


@dataclass(slots=True)
class Words:
    """The statement's words, taken one after the other."""

    sql: str
    tokens: list[str] = field(default_factory=list)
    position: int = 0

    def __post_init__(self) -> None:
        self.tokens = [word for word in _TOKEN.findall(self.sql) if not word.startswith(("--", "/*"))]

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        word = self.next
        if not word:
            raise self.wrong()
        self.position += 1
        return word

    def accept(self, *words: str) -> bool:
        """Take these words if they come next, whatever their case, and say whether they did."""
        found = [word.upper() for word in self.tokens[self.position : self.position + len(words)]]
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

    def wrong(self, expected: str = "") -> QueryFailedError:
        found = self.next or "<EOF>"
        ending = f" expecting {expected}" if expected else ""
        return QueryFailedError("", f"FAILED: ParseException line 1:0 mismatched input '{found}'{ending}")

    def name(self) -> str:
        """Take an identifier, and return it in lower case without its quotes."""
        word = self.take()
        if word[0] in '`"':
            return word[1:-1].lower()
        if not re.fullmatch(r"[\w$-]+", word):
            self.position -= 1
            raise self.wrong("an identifier")
        return word.lower()

    def table(self, database: str) -> tuple[str, str]:
        """Take ``[catalog.][database.]table``, and return database and table."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return (parts[-2] if len(parts) > 1 else database), parts[-1]

    def text(self) -> str:
        """Take a quoted text."""
        word = self.take()
        if word[0] not in "'\"":
            self.position -= 1
            raise self.wrong("a quoted text")
        return re.sub(r"\\(.)", r"\1", word[1:-1].replace("''", "'")) if word[0] == "'" else word[1:-1]

    def properties(self) -> dict[str, str]:
        """Take ``('a' = 'b', …)``."""
        found: dict[str, str] = {}
        self.expect("(")
        while not self.accept(")"):
            key = self.text()
            self.expect("=")
            found[key] = self.text()
            self.accept(",")
        return found

    def texts(self) -> list[str]:
        """Take ``('a', …)``."""
        found: list[str] = []
        self.expect("(")
        while not self.accept(")"):
            found.append(self.text())
            self.accept(",")
        return found

    def changed_column(self) -> tuple[str, dict[str, str], tuple[str, str] | None]:
        """Take ``[COLUMN] old new type [COMMENT 'text'] [FIRST | AFTER other]`` of CHANGE.

        Return the old name, the column as Glue keeps it, and its place: ("FIRST", ""), ("AFTER", other) or None.
        """
        self.accept("COLUMN")
        old = self.name()
        column = {"Name": self.name(), "Type": self._type("COMMENT", "FIRST", "AFTER")}
        if self.accept("COMMENT"):
            column["Comment"] = self.text()
        if self.accept("FIRST"):
            return old, column, ("FIRST", "")
        return old, column, ("AFTER", self.name()) if self.accept("AFTER") else None

    def names(self) -> list[str]:
        """Take ``(name, …)``."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return found

    def columns(self) -> list[dict[str, str]]:
        """Take ``(name type [COMMENT 'text'], …)``, and return the columns as Glue keeps them."""
        found = []
        self.expect("(")
        while not self.accept(")"):
            column = {"Name": self.name(), "Type": self._type()}
            if self.accept("COMMENT"):
                column["Comment"] = self.text()
            found.append(column)
            self.accept(",")
        return found

    def _type(self, *ends: str) -> str:
        depth, parts = 0, []
        while self.next and not (depth == 0 and self.next.upper() in {",", ")", "COMMENT", *ends}):
            word = self.take()
            depth += (word in "<(") - (word in ">)")
            parts.append(word)
        text = "".join(parts).lower()
        if not text:
            raise self.wrong("a type")
        return hive_name(parse_type(text))

    def partition(self) -> list[tuple[str, str, str]]:
        """Take ``PARTITION (key = 'value', …)``, and return name, operator and value as text."""
        self.expect("PARTITION")
        found = []
        self.expect("(")
        while not self.accept(")"):
            key, operator = self.name(), self.take()
            word = self.take()
            value = re.sub(r"''", "'", word[1:-1]) if word[0] in "'\"" else word
            found.append((key, operator, value))
            self.accept(",")
        return found
