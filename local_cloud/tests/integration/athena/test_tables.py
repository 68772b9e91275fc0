"""Tables over objects of S3: SerDes, partitions, large and changed objects, through boto3."""

from __future__ import annotations

import gzip

import pytest
from tests.integration.athena.client import OPENX, Athena

pytestmark = pytest.mark.integration


def test_serde_takes_numbers_from_text_and_text_from_numbers(athena: Athena) -> None:
    """AWS: OpenX JSON SerDe. Digits stay as they were written.

    Source: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
    """
    lines = '{"N":"12","s":10.50,"d":1234567890123456789.25,"b":"true"}\n{"n":12.9,"s":{"k":[1]},"d":"0.005"}\n\n'
    athena.json_table("t", "n bigint, s string, d decimal(38,2), b boolean", lines)
    assert athena.rows("SELECT n, s, d, b FROM t WHERE n IS NOT NULL ORDER BY d DESC") == [
        ["12", "10.50", "1234567890123456789.25", "true"],
        ["12", '{"k":[1]}', "0.01", None],
    ]


def test_a_value_of_another_type_fails_the_query(athena: Athena) -> None:
    """AWS: HIVE_BAD_DATA: Error parsing field value for field 0: For input string."""
    athena.json_table("t", "n int", '{"n":1}\n{"n":"abc"}\n')
    assert athena.run("SELECT * FROM t").reason.startswith(
        "HIVE_BAD_DATA: Error parsing field value 'abc' for field 0: For input string: \"abc\""
    )
    assert athena.rows("SELECT count(*) FROM t") == [["2"]]


def test_a_malformed_line_fails_the_query_unless_it_is_ignored(athena: Athena) -> None:
    lines = '{"a":1}\n{"a":2\n{"a":3}\n'
    athena.json_table("strict", "a int", lines)
    athena.json_table("lenient", "a int", lines, "'ignore.malformed.json' = 'true'")
    assert athena.run("SELECT * FROM strict").reason.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert athena.rows("SELECT a FROM lenient ORDER BY a") == [["1"], ["3"], [None]]


def test_half_a_surrogate_fails_no_query(athena: Athena) -> None:
    athena.json_table("t", "a string", '{"a":"x\\ud800"}\n{"a":"y"}\n')
    assert athena.rows("SELECT a FROM t ORDER BY a") == [["x?"], ["y"]]


def test_repeated_keys_that_differ_in_case_fail_the_query(athena: Athena) -> None:
    """AWS re:Post: Row is not a valid JSON Object - JSONException: Duplicate key."""
    athena.json_table("t", "a int", '{"a":1,"A":2}\n')
    assert 'JSONException: Duplicate key "a"' in athena.run("SELECT * FROM t").reason


def test_keys_are_mapped_and_may_keep_their_case_or_dots(athena: Athena) -> None:
    athena.json_table("mapped", "ts string, low string", '{"timestamp":"x","LOW":"y"}\n', "'mapping.ts' = 'timestamp'")
    athena.json_table("cased", "ts string, low string", '{"TS":"x","low":"y"}\n', "'case.insensitive' = 'false'")
    athena.json_table("dotted", "a_b string", '{"a.b":"x"}\n', "'dots.in.keys' = 'true'")
    assert athena.rows("SELECT ts, low FROM mapped") == [["x", "y"]]
    assert athena.rows("SELECT ts, low FROM cased") == [[None, "y"]]
    assert athena.rows("SELECT a_b FROM dotted") == [["x"]]


def test_nested_columns_are_read_without_regard_to_case(athena: Athena) -> None:
    columns = "r struct<id:bigint,tags:array<string>>, m map<string,decimal(5,2)>, t timestamp, d date"
    athena.json_table(
        "t", columns, '{"r":{"ID":7,"tags":["a",1.50]},"m":{"k":1.5},"t":"2020-01-02 03:04:05.678","d":"2020-01-02"}\n'
    )
    assert athena.rows("SELECT r.id, r.tags, r, m, t, d FROM t") == [
        ["7", "[a, 1.50]", "{id=7, tags=[a, 1.50]}", "{k=1.50}", "2020-01-02 03:04:05.678", "2020-01-02"]
    ]


def test_partitions_are_pruned_and_only_their_bytes_counted(athena: Athena) -> None:
    lines = {"2025-01-01": '{"a":1}\n', "2025-01-02": '{"a":2}\n{"a":3}\n'}
    for day, text in lines.items():
        athena.put(f"p/dt={day}/part.json", text)
    athena.rows(
        f"CREATE EXTERNAL TABLE p (a int) PARTITIONED BY (dt string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/p/'"
    )
    assert athena.rows("SELECT * FROM p") == []
    athena.rows("MSCK REPAIR TABLE p")
    assert athena.rows("SHOW PARTITIONS p") == [["dt=2025-01-01"], ["dt=2025-01-02"]]
    athena.rows("CREATE VIEW v AS SELECT a, dt FROM p")
    for sql in (
        "SELECT a FROM p WHERE dt = '2025-01-02' ORDER BY a",
        "SELECT a FROM v WHERE dt > '2025-01-01' ORDER BY a",
    ):
        outcome = athena.run(sql)
        assert outcome.rows == [["2"], ["3"]]
        assert outcome.execution["Statistics"]["DataScannedInBytes"] == len(lines["2025-01-02"])
    athena.rows("ALTER TABLE p DROP PARTITION (dt = '2025-01-01')")
    assert athena.rows("SELECT count(*) FROM p") == [["2"]]
    assert athena.run("ALTER TABLE p ADD PARTITION (dt = '2025-01-02')").reason.endswith(
        "Partition already exists: 2025-01-02)"
    )
    assert athena.rows("""SELECT "$path" FROM p LIMIT 1""") == [[f"s3://{athena.bucket}/p/dt=2025-01-02/part.json"]]


def test_projected_partitions_need_no_catalog(athena: Athena) -> None:
    """AWS: Use partition projection with Amazon Athena.

    Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """
    athena.put("j/2025/01/02/part.json", '{"a":1}\n')
    properties = {
        "projection.enabled": "true", "projection.dt.type": "date", "projection.dt.format": "yyyy/MM/dd",
        "projection.dt.range": "2025/01/01,2025/01/31", "storage.location.template": f"s3://{athena.bucket}/j/${{dt}}/",
    }  # fmt: skip
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    athena.rows(
        f"CREATE EXTERNAL TABLE j (a int) PARTITIONED BY (dt string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/j/' TBLPROPERTIES ({listed})"
    )
    assert athena.rows("SELECT a, dt FROM j WHERE dt BETWEEN '2025/01/02' AND '2025/01/03'") == [["1", "2025/01/02"]]


def test_large_and_small_plain_and_strange_objects_are_one_table(athena: Athena) -> None:
    """Large objects of plain lines are read where they are, all others through Parquet: the rows are the same."""
    padding = "x" * 1000
    objects = {
        "large": [f'{{"Price":{number}.5,"n":{number},"s":"{padding}"}}' for number in range(1200)],
        "other-spelling": [f'{{"price":{number},"n":"{number}","s":"{padding}"}}' for number in range(1200)],
        "exact": [f'{{"price":0.{number:020}10,"s":"{padding}"}}' for number in range(1200)],
        "small": ['{"PRICE":"7","n":7}', '{"price":null}'],
    }
    for name, lines in objects.items():
        athena.put(f"mixed/part={name}/0.json", "\n".join(lines))
    athena.rows(
        f"CREATE EXTERNAL TABLE mixed (price string, n int, missing date) PARTITIONED BY (part string) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://{athena.bucket}/mixed/'"
    )
    athena.rows("MSCK REPAIR TABLE mixed")
    expected = [
        ["exact", "1200", "0.0000000000000000000010", "0.0000000000000000119910", None, "0"],
        ["large", "1200", "0.5", "999.5", "719400", "0"],
        ["other-spelling", "1200", "0", "999", "719400", "0"],
        ["small", "2", "7", "7", "7", "0"],
    ]
    sql = "SELECT part, count(*), min(price), max(price), sum(n), count(missing) FROM mixed GROUP BY part ORDER BY part"
    assert athena.rows(sql) == expected
    assert athena.rows(sql) == expected
    assert athena.rows("""SELECT DISTINCT "$path" FROM mixed WHERE part = 'large'""") == [
        [f"s3://{athena.bucket}/mixed/part=large/0.json"]
    ]


def test_texts_of_a_large_object_come_as_they_were_written(athena: Athena) -> None:
    """Escapes and characters beyond ASCII too; a query for more columns than the one before finds them."""
    texts = ['quote \\" in it', "é and ☃", "back\\\\slash", "tab\\tand\\/slash", "plain", ""]
    lines = [f'{{"n":{number},"a":"{texts[number % 6]}","s":"{"x" * 1000}"}}' for number in range(1200)]
    athena.json_table("t", "n int, a string, s string", "\n".join(lines))
    assert athena.rows("SELECT sum(n) FROM t") == [["719400"]]
    assert athena.rows("SELECT a, count(*), min(n) FROM t GROUP BY a ORDER BY min(n)") == [
        ['quote " in it', "200", "0"],
        ["é and ☃", "200", "1"],
        ["back\\slash", "200", "2"],
        ["tab\tand/slash", "200", "3"],
        ["plain", "200", "4"],
        ["", "200", "5"],
    ]
    assert athena.rows("SELECT count(*) FROM t WHERE a LIKE '%\"%' AND length(s) = 1000") == [["200"]]


def test_a_value_of_another_type_in_a_large_object_fails_the_query(athena: Athena) -> None:
    athena.json_table("t", "n int", f'{{"n":1,"s":"{"x" * 1000}"}}\n' * 1200 + '{"n":"abc"}\n')
    assert athena.run("SELECT * FROM t").reason.startswith("HIVE_BAD_DATA: Error parsing field value 'abc' for field 0")
    assert athena.rows("SELECT count(*) FROM t") == [["1201"]]


def test_a_changed_object_is_read_again(athena: Athena) -> None:
    athena.json_table("t", "a int", '{"a":1}\n')
    assert athena.rows("SELECT a FROM t") == [["1"]]
    athena.put("t/part-0.json", '{"a":2}\n')
    athena.put("t/part-1.json", '{"a":3}\n')
    athena.put("t/_hidden.json", '{"a":9}\n')
    assert athena.rows("SELECT a FROM t ORDER BY a") == [["2"], ["3"]]


def test_delimited_and_compressed_objects_are_read(athena: Athena) -> None:
    """AWS: Lazy Simple SerDe; OpenCSVSerDe; Compression support.

    Sources: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html,
    https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html,
    https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
    """

    athena.put("d/part.csv", "id|name\n1|a\n2|\\N\n")
    athena.put("o/part.csv", '"1","a,""b"""\n')
    athena.s3.put_object(Bucket=athena.bucket, Key="g/part.json.gz", Body=gzip.compress(b'{"a":1}\n'))
    location = f"LOCATION 's3://{athena.bucket}/"
    athena.rows(
        f"CREATE EXTERNAL TABLE d (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' {location}d/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    athena.rows(
        f"CREATE EXTERNAL TABLE o (id string, name string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' {location}o/'"
    )
    athena.rows(f"CREATE EXTERNAL TABLE g (a int) ROW FORMAT SERDE '{OPENX}' {location}g/'")
    assert athena.rows("SELECT * FROM d ORDER BY id") == [["1", "a"], ["2", None]]
    assert athena.rows("SELECT * FROM o") == [["1", 'a,"b"']]
    outcome = athena.run("SELECT a FROM g")
    assert outcome.rows == [["1"]]
    assert (
        outcome.execution["Statistics"]["DataScannedInBytes"]
        == athena.s3.head_object(Bucket=athena.bucket, Key="g/part.json.gz")["ContentLength"]
    )
