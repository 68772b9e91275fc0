"""What a crawl reads, and how classifiers recognise it. Each test names the AWS page it follows."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from tests.integration.glue.lake import COMMA_PATH, EVENT, Lake, error_code

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("departments/**", {"hr.json", "john.csv", "jane.csv"}),
        ("departments/market*", {"finance.json", "hr.json", "john.csv", "jane.csv"}),
        ("**.csv", {"finance.json", "market-us.json", "hr.json"}),
        ("employees/*.csv", {"finance.json", "market-us.json", "hr.json"}),
    ],
)
def test_exclude_patterns_leave_objects_out(lake: Lake, pattern: str, left: set[str]) -> None:
    """Include and exclude patterns, its examples for Amazon S3: seen by the number of objects that were crawled.

    Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html
    """
    for key in ("departments/finance.json", "departments/market-us.json", "employees/hr.json"):
        lake.put(f"myfolder/{key}", {"a": 1})
    for key in ("employees/john.csv", "employees/jane.csv"):
        lake.put(f"myfolder/{key}", body=b"name,age\njohn,3\n")
    lake.crawled("myfolder/", target={"Exclusions": [pattern]})
    assert sum(int(table["Parameters"]["objectCount"]) for table in lake.tables().values()) == len(left)


def test_gzip_csv_and_parquet_are_recognised(lake: Lake) -> None:
    """Built-in classifiers.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
    """
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lake.put("in/zipped/a.json.gz", body=gzip.compress(json.dumps(EVENT).encode()))
    lake.put("in/people/a.csv", body=b"name,age,height\nann,3,1.5\nbob,4,1.25\n")
    file = io.BytesIO()
    pq.write_table(pa.table({"Id": pa.array([1], pa.int64()), "amount": pa.array([None], pa.decimal128(12, 2))}), file)
    lake.put("in/parquet/a.parquet", body=file.getvalue())
    lake.crawled("in/")
    tables = lake.tables()
    assert tables["zipped"]["Parameters"]["compressionType"] == "gzip"
    assert lake.columns("people") == {"name": "string", "age": "bigint", "height": "double"}
    assert tables["people"]["Parameters"]["skip.header.line.count"] == "1"
    assert lake.columns("parquet") == {"id": "bigint", "amount": "decimal(12,2)"}
    assert tables["parquet"]["Parameters"]["classification"] == "parquet"


def test_a_custom_json_path_selects_the_records_of_an_array(lake: Lake) -> None:
    """Writing JSON custom classifiers: without a path an array is one column, with ``$[*]`` its members are the records.

    Source: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
    """
    lake.put("in/a.json", json.dumps([{"type": "x", "id": 1}, {"type": "y", "id": 2}]))
    lake.crawled("in/")
    assert lake.columns("in") == {"array": "array<struct<type:string,id:int>>"}
    lake.glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$[*]"})
    lake.crawled("in/", Classifiers=[lake.name], TablePrefix="rows_")
    assert lake.columns("rows_in") == {"type": "string", "id": "int"}


@pytest.fixture
def set_comma_path(cloud: Any) -> Iterator[Callable[[str], None]]:
    """Sets what crawls do with a list of paths; the end of the test ends it."""

    def faults(method: str, **plan: str) -> None:
        urllib3.request(method, f"{cloud.endpoint}/_local_cloud/faults", body=json.dumps(plan), retries=False)

    yield lambda mode: faults("PUT", comma_path=mode)
    faults("DELETE")


@pytest.mark.parametrize(
    ("mode", "columns"),
    [
        ("ignored", {name.lower() for name in EVENT}),
        ("columns", {"orderid", "product_name", "quantity", "price", "event_type", "creation_time"}),
        ("first", {"orderid"}),
    ],
)
def test_a_list_of_paths_does_what_the_cloud_is_asked_to_do(
    lake: Lake, set_comma_path: Callable[[str], None], mode: str, columns: set[str]
) -> None:
    """Writing JSON custom classifiers: every path of its examples points at one object, so none of this is documented.

    Source: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
    """
    lake.put("in/a.json", EVENT)
    lake.glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": COMMA_PATH})
    set_comma_path(mode)
    lake.crawled("in/", Classifiers=[lake.name])
    assert set(lake.columns("in")) == columns


def test_a_custom_csv_classifier_names_the_columns(lake: Lake) -> None:
    """Writing CSV custom classifiers.

    Source: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
    """
    lake.glue.create_classifier(
        CsvClassifier={"Name": lake.name, "Delimiter": "|", "ContainsHeader": "ABSENT", "Header": ["who", "n"]}
    )
    lake.put("in/a.txt", body=b"ann|3\nbob|4\n")
    lake.crawled("in/", Classifiers=[lake.name])
    assert lake.columns("in") == {"who": "string", "n": "bigint"}


def test_classifiers_are_versioned_and_listed(lake: Lake) -> None:
    """Classifier API.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-classifiers.html
    """
    glue = lake.glue
    glue.create_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$"})
    again = error_code(glue.create_classifier, JsonClassifier={"Name": lake.name, "JsonPath": "$"})
    assert again == "AlreadyExistsException"
    glue.update_classifier(JsonClassifier={"Name": lake.name, "JsonPath": "$[*]"})
    kept = glue.get_classifier(Name=lake.name)["Classifier"]["JsonClassifier"]
    assert (kept["JsonPath"], kept["Version"]) == ("$[*]", 2)
    assert lake.name in [c.get("JsonClassifier", {}).get("Name") for c in glue.get_classifiers()["Classifiers"]]
    glue.delete_classifier(Name=lake.name)
    assert error_code(glue.get_classifier, Name=lake.name) == "EntityNotFoundException"
