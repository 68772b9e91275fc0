"""The contract's file: what is refused, by line and with the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_cdc.contract.contract_file import ContractError, field_type_problem, load_contract

KEY = {"attribute": "orderid", "type": "S", "member": "orderID"}
PRICE = {"attribute": "price", "type": "decimal(12,2)"}


def text_of(entity: Any = "orders", key: Any = (KEY,), fields: Any = (PRICE,)) -> str:
    """Write a contract as people do: an attribute a line, the key's from line 4 on, the fields from line 7 on."""

    def block(part: Any) -> str:
        if not isinstance(part, tuple | list):
            return json.dumps(part)
        return (
            "[\n" + ",\n".join(f"    {each if isinstance(each, str) else json.dumps(each)}" for each in part) + "\n  ]"
        )

    return f'{{\n  "entity": {json.dumps(entity)},\n  "key": {block(key)},\n  "fields": {block(fields)}\n}}\n'


def refusal_of(folder: Path, text: str | bytes) -> ContractError:
    path = folder / "some.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContractError) as refused:
        load_contract(path)
    assert all(str(path) in line for line in str(refused.value).splitlines())
    return refused.value


def field(attribute: str, kind: str = "string", **others: str) -> dict[str, str]:
    return {"attribute": attribute, "type": kind, **others}


@pytest.mark.parametrize(
    ("text", "line", "refusal"),
    [
        ("{", 1, "it is not JSON from column 2 on"),
        (text_of().replace("\"S\",", "\"S\""), 4, "it is not JSON from column 42 on"),
        ("", 1, "it is not JSON"),
        (text_of().encode("utf-16"), 1, "Save the file as UTF-8"),
        (text_of(fields=[field("gr\u00f6\u00dfe", member="size")]).encode().replace(b"\\u00f6", b"\xf6"), 7, "not UTF-8"),
        ("[" * 10**5, 1, "nested too deeply"),
        ("[]", 1, "a contract is an object with entity, key and fields"),
        ('{"entity": "orders", "key": []}', 1, "no other member; this has entity, key."),
        (text_of().replace("{", '{"entity": "bills",', 1), 2, '"entity" is written twice in one object'),
        (text_of("two words"), 2, 'it is "two words".'),
        (text_of("Orders"), 2, "lower-case letters"),
        (text_of(None), 2, "it is null"),
        (text_of("pipeline_ledger"), 2, "a table of the pipeline's own. Choose another entity."),
        (text_of(key=[]), 3, "key has to be a list of one attribute"),
        (text_of(key={}), 3, "key has to be a list of one attribute"),
        (text_of(key=[field(name, "S") for name in "abc"]), 3, "or of two where the table has a sort key"),
        (text_of(key=[field("a", "B")]), 4, "key[0], a: B is no type of a key. Write S, or N"),
        (text_of(key=[field("a", "string")]), 4, "Write S, or N"),
        (text_of(fields=[]), 6, "fields has to be a list of 1 to 250 attributes"),
        (text_of(fields=[field(f"f{number}") for number in range(251)]), 6, "fields has to be a list of 1 to 250"),
        (text_of(fields=[{"attribute": "a"}]), 7, "fields[0] has to be"),
        (text_of(fields=[{"attribute": "a"}]), 7, "; type is missing."),
        (text_of(fields=[PRICE, {**PRICE, "name": "a"}]), 8, "; name is unknown."),
        (text_of(fields=["3"]), 7, "fields[0] has to be"),
        (text_of(fields=[field("")]), 7, "attribute of fields[0] has to be a text, and not an empty one"),
        (text_of(fields=[{"attribute": 1, "type": "string"}]), 7, "attribute of fields[0] has to be a text"),
        (text_of(fields=[field("\ud800", member="a")]), 7, "has to be a text"),
        (text_of(fields=[PRICE, field("a", "text")]), 8, "fields[1], a: text is no type of a field. Write string."),
        (text_of(fields=[field("a", "Integer")]), 7, "Integer is no type of a field. Write bigint."),
        (text_of(fields=[field("a", "N")]), 7, "Write bigint, double or decimal(38,9)."),
        (text_of(fields=[field("a", "colour")]), 7, "Write string, bigint, double, decimal(12,2), boolean, timestamp or json."),
        (text_of(fields=[field("a", "DECIMAL(12, 2)")]), 7, "Write decimal(12,2)."),
        (text_of(fields=[field("a", "decimal(012,2)")]), 7, "decimal(012,2) is no type of a field."),
        (text_of(fields=[field("a", "decimal(39,2)")]), 7, "more digits than the 38 of a decimal. Write decimal(38,2)"),
        (text_of(fields=[field("a", "decimal(3,4)")]), 7, "more digits after its point than in all"),
        (text_of(fields=[field("a", "decimal(0,0)")]), 7, "Write decimal(12,2) for 12 digits"),
        (text_of(fields=[field("a b")]), 7, 'a b is no name of a column. Add a "member"'),
        (text_of(fields=[field("$path")]), 7, "$path is no name of a column"),
        (text_of(fields=[field("a", member="1st")]), 7, "1st is no name of a column"),
        (text_of(fields=[field("a" * 201)]), 7, "up to 200 letters"),
        (text_of(fields=[field("Actor")]), 7, "the column actor is one of the pipeline's own"),
        (text_of(fields=[field("rescued_data", "json")]), 7, "rescued_data is one of the pipeline's own"),
        (text_of(fields=[field("further_attributes", "json")]), 7, "one of the pipeline's own"),
        (text_of(fields=[field("is_deleted")]), 7, "one of the pipeline's own"),
        (text_of(fields=[field("dt")]), 7, "one of the pipeline's own"),
        (text_of(fields=[field("ORDERID")]), 7, "orderid is that of orderid in line 4 (names are compared without case)"),
        (text_of(fields=[PRICE, field("cost", member="Price")]), 8, 'Give cost a "member" that nothing else has.'),
        (text_of(fields=[PRICE, PRICE]), 8, "price is declared in line 7 already. Remove one of the two."),
        (text_of(fields=[field("orderid", member="other")]), 7, "orderid is declared in line 4 already"),
        (text_of(fields=[field("sales_cdc_touch")]), 7, "the pipeline writes that attribute itself"),
    ],
)  # fmt: skip
def test_what_declares_no_contract_is_refused_with_file_line_and_remedy(
    tmp_path: Path, text: str | bytes, line: int, refusal: str
) -> None:
    ((found, problem),) = refusal_of(tmp_path, text).problems
    assert (found, refusal in problem) == (line, True), problem


def test_every_problem_is_named_in_the_order_of_the_lines(tmp_path: Path) -> None:
    fields = [field("a", "text"), PRICE, field("b c"), PRICE]
    problems = refusal_of(tmp_path, text_of("Orders", [field("id", "BOOL")], fields)).problems
    assert [line for line, _ in problems] == [2, 4, 7, 9, 10]


def test_a_type_on_a_line_of_its_own_is_refused_there(tmp_path: Path) -> None:
    entry = '{\n      "attribute": "a",\n      "type": "text"}'
    assert [line for line, _ in refusal_of(tmp_path, text_of(fields=[PRICE, entry])).problems] == [10]


def test_a_file_that_is_not_there_is_named_with_the_setting_that_names_it(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ContractError, match="SALES_CDC_CONTRACT") as refused:
            load_contract(path)
        assert str(refused.value).startswith(f"The contract {path}: ")


def test_an_editor_s_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text(text_of(), encoding="utf-8-sig")
    assert load_contract(path).fields[0].column == "price"


@given(st.integers(0, 45), st.integers(0, 45))
def test_a_decimal_is_taken_exactly_when_athena_has_it(digits: int, scale: int) -> None:
    taken = field_type_problem(f"decimal({digits},{scale})") is None
    assert taken == (1 <= digits <= 38 and scale <= digits)
