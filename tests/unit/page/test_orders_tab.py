"""The tab Orders: filters, pages, versions without a guess, both sides of an order, and every id that DynamoDB takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sales_cdc.page.tabs import older, orders
from sales_cdc.page.trouble import NothingYetError
from sales_cdc.page.views.lookback import Lookback
from sales_cdc.page.views.order_filter import FilterError, OrderFilter, first_day, pieces
from sales_cdc.page.views.order_now import standing
from sales_cdc.page.views.order_versions import versions
from sales_cdc.page.views.reports import failed_list
from sales_cdc.verdict.lake_reader import LakeReader

from tests.browser.canned import NOW, CannedReader, failures
from tests.browser.canned_orders import EVER, LISTED, LONG, MANY, OLD, ORDER, UNSEEN, item
from tests.unit.page.test_page_hooks import ManyRuns
from tests.unit.page.test_tabs import SETTINGS

STRANGE = ("it's", " leading", "line\nend", "a\x00b", UNSEEN, "ø" * 1024, "'" * 2048, "😀" * 512)


def test_versions_of_an_order_have_each_field_before_and_after() -> None:
    found = orders.order(CannedReader(), ORDER)["versions"]
    assert [each["event_type"] for each in found] == ["INSERT", "REMOVE", "MODIFY", "MODIFY", "INSERT"]
    changed = {field["name"]: (field["before"], field["after"]) for field in found[2]["fields"] if field["changed"]}
    assert changed == {"price": ("1249.90", "1189.00"), "order_status": ("placed", "paid")}
    assert {field["after"] for field in found[1]["fields"]} == {None}
    assert {field["before"] for field in found[0]["fields"]} == {None}


def test_an_order_with_five_thousand_changes_is_paged_and_no_before_is_guessed() -> None:
    """500 rows were read, called all of them, and the oldest was compared with nothing."""
    newest = orders.order(CannedReader(), LONG)
    assert (newest["total"], len(newest["versions"])) == (MANY, 50)
    assert [newest["versions"][at]["number"] for at in (0, -1)] == [5_001, 4_952]
    quantity = next(field for field in newest["versions"][-1]["fields"] if field["name"] == "quantity")
    assert (quantity["before"], quantity["after"]) == ("4951", "4952")
    oldest = orders.order(CannedReader(), LONG, until=50)
    assert [oldest["versions"][at]["number"] for at in (0, -1)] == [50, 1]
    assert all(each["is_before_known"] for each in oldest["versions"])


def test_what_was_before_the_first_captured_change_is_not_known() -> None:
    row = {
        "orderid": "a",
        "sequence_number": "7",
        "event_type": "MODIFY",
        "creation_time": "2026-11-25T10:00:00.000Z",
        "page_number": "1",
    }
    (found,) = versions([row])
    assert not found["is_before_known"]


def test_every_filter_reaches_the_statement_and_texts_are_parameters() -> None:
    reader = CannedReader()
    asked = {
        "q": "x' OR '1'='1",
        "product": "laptop",
        "type": "REMOVE",
        "state": "deleted",
        "from": "2026-11-25T14:00",
        "page": "3",
    }
    chosen = OrderFilter.of(asked)
    orders.found_orders(reader, chosen)
    assert reader.asked == [("page/orders_changed.sql", (asked["q"], "laptop", asked["q"]))]
    assert chosen.params() == {
        "filters": {"text": 1, "product": 1, "type": "REMOVE", "state": "deleted", "since": "2026-11-25 14:00:00"},
        "skip": 100,
        "size": 50,
    }


def test_a_list_says_of_how_many_it_is_a_page() -> None:
    pages = [orders.found_orders(CannedReader(), OrderFilter(page=page)) for page in (1, 29, 30)]
    assert [len(each["orders"]) for each in pages] == [50, 14, 0]
    assert {each["total"] for each in pages[:2]} == {LISTED}


def test_a_list_reads_a_week_or_a_month_unless_the_whole_history_is_asked_for() -> None:
    found = [orders.found_orders(CannedReader(), OrderFilter.of({"range": name})) for name in ("", "month", "all")]
    assert [(each["table"], each["since"], each["total"]) for each in found] == [
        ("orders_changes", "2026-11-18T00:00:00+00:00", LISTED),
        ("orders_changes", "2026-10-26T00:00:00+00:00", LISTED),
        ("orders_current", None, EVER),
    ]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({}, datetime(2026, 11, 18, tzinfo=UTC)),
        ({"range": "month"}, datetime(2026, 10, 26, tzinfo=UTC)),
        ({"from": "2026-11-20T08:30"}, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ({"until": "2026-03-31T12:00"}, datetime(2026, 3, 24, tzinfo=UTC)),
        ({"until": "0001-01-02T00:00"}, datetime(1, 1, 1, tzinfo=UTC)),
        ({"from": "2026-11-20T08:30", "range": "all"}, None),
    ],
)
def test_changes_are_read_from_the_begin_of_the_filter_or_a_week_before_its_end(
    asked: dict[str, str], first: datetime | None
) -> None:
    assert OrderFilter.of(asked).first_moment(NOW) == first


def test_an_order_that_changed_long_ago_has_the_thirty_days_before_its_last_change() -> None:
    reader = CannedReader()
    found = orders.order(reader, OLD)
    assert [each["at"][:10] for each in found["versions"]] == ["2025-06-30", "2025-06-10"]
    assert (found["since"], found["before"]) == ("2025-05-31T00:00:00+00:00", "2025-07-01T00:00:00+00:00")
    assert not found["versions"][-1]["is_before_known"], "the insert is older, and was not looked for"
    everything = orders.order(reader, OLD, span=Lookback(None))
    assert (everything["total"], everything["since"]) == (3, None)


def test_how_much_was_not_looked_at_is_counted_and_its_cost_said() -> None:
    changes, lines = (each(CannedReader(), SETTINGS) for each in (older.older_changes, older.older_lines))
    assert changes == {
        "since": "2026-10-26T00:00:00+00:00", "is_local": True, "rows": 1_000_000, "bytes": 90_000_000, "cost": "$0.0004",
    }  # fmt: skip
    assert (lines["rows"], lines["bytes"]) == (0, 40_000)


def test_without_a_change_log_what_is_older_is_not_known() -> None:
    assert older.older_changes(CannedReader("empty"), SETTINGS)["rows"] is None


def test_no_time_that_can_be_written_is_too_early() -> None:
    assert first_day(datetime(1, 1, 5, tzinfo=UTC)) == datetime(1, 1, 1, tzinfo=UTC)
    assert Lookback.of({"before": "0001-01-01"}, NOW).params()["from_time"] == "0001-01-01 00:00:00"


def test_an_empty_list_says_how_many_items_dynamodb_has() -> None:
    view = orders.found_orders(CannedReader(), "nothing")
    assert (view["orders"], view["items"]) == ([], 412_906)


def test_rescued_values_need_the_curated_tables() -> None:
    class OnlyRaw(CannedReader):
        def tables(self) -> list[str]:
            return ["raw_orders"]

    with pytest.raises(NothingYetError) as raised:
        orders.found_orders(OnlyRaw(), OrderFilter(state="rescued"))
    assert "sales_cdc_batch" in raised.value.remedy
    assert orders.found_orders(OnlyRaw(), OrderFilter())["table"] == "raw_orders"


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "gone"},
        {"type": "UPSERT"},
        {"from": "yesterday"},
        {"from": "0001-01-01T00:00+14:00"},
        {"range": "year"},
        {"page": "0"},
        {"page": "²"},
        {"q": "x" * 2049},
        {"q": "\ud800"},
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_what_would_do(asked: dict[str, str]) -> None:
    with pytest.raises(FilterError, match=f"^{next(iter(asked))}: "):
        OrderFilter.of(asked)


@pytest.mark.parametrize("order_id", STRANGE)
def test_any_id_that_dynamodb_takes_can_be_asked_for(client: Any, order_id: str) -> None:
    reader = CannedReader()
    page = client(reader=reader)
    answer = page.get(f"/api/order?id={quote(order_id)}")
    assert answer.status_code in (200, 202)
    assert page.get(f"/api/orders?q={quote(order_id)}").status_code in (200, 202)
    assert page.get(f"/api/order/now?id={quote(order_id)}").status_code in (200, 202)


@pytest.mark.parametrize("order_id", STRANGE)
def test_a_long_text_is_cut_into_parameters_that_athena_takes(order_id: str) -> None:
    cut = pieces(order_id)
    assert "".join(cut) == order_id
    assert all(1 <= len(each.replace("'", "''")) + 2 <= 1024 for each in cut)


@pytest.mark.parametrize(
    "asked",
    [
        "/api/order?id=",
        f"/api/order?id={'x' * 2049}",
        "/api/order?id=a&since=then",
        "/api/order?id=a&range=x",
        "/api/records/quarantined?range=x",
        "/api/orders?state=gone",
        "/api/order?id=a&until=-1",
    ],
)
def test_a_request_that_can_be_no_order_is_refused(client: Any, asked: str) -> None:
    reader = CannedReader()
    assert client(reader=reader).get(asked).status_code == 422
    assert reader.asked == []


def test_an_order_is_shown_as_dynamodb_and_as_the_table_have_it() -> None:
    found = orders.now(CannedReader(), ORDER)
    differing = {each["name"]: (each["dynamodb"], each["table"]) for each in found["fields"] if each["differs"]}
    assert differing == {"price": ("1099.50", "1189.00")}
    assert (found["is_equal"], found["item"]["price"]) == (False, {"N": "1099.5"})


@pytest.mark.parametrize(
    ("has_item", "row", "equal"),
    [
        (True, {"product_name": "laptop", "quantity": "3", "price": "1099.50"}, True),
        (True, None, False),
        (False, None, True),
        (False, {"price": "1"}, False),
    ],
)
def test_both_sides_are_equal_when_they_hold_the_same_or_neither_has_it(has_item: bool, row: Any, equal: bool) -> None:
    of = {name: value for name, value in item("a").items() if name not in ("customer", "order_status")}
    assert standing(of if has_item else None, row, has_view=True)["is_equal"] is equal
    assert standing(of if has_item else None, row, has_view=False)["is_equal"] is False


def test_failed_records_are_listed_with_their_reason_and_their_data() -> None:
    view = failed_list(lambda skip: failures(), 1)
    assert view["records"][0]["reason"].startswith("quantity is 12.5")
    assert '"MODIFY"' in view["records"][0]["raw"]


def test_quarantined_lines_are_paged_with_their_reason() -> None:
    view = orders.quarantined(CannedReader(), 3)
    assert (view["total"], len(view["records"]), view["records"][0]["reason"]) == (
        120,
        20,
        "the line is no JSON object",
    )


def test_a_further_page_of_failed_records_has_older_objects() -> None:
    stored = {f"errors/processing-failed/dt=2026-11-25/f-{at}.json": NOW + timedelta(seconds=at) for at in range(8)}
    reader = LakeReader(ManyRuns(stored))  # type: ignore[arg-type]
    first, second = reader.failed_records(), reader.failed_records(6)
    assert [len({each.key for _, each in tail.lines}) for tail in (first, second)] == [6, 2]
    assert len(second.objects) == 8
