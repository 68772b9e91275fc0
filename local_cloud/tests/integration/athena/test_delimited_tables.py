"""Tables over delimited text: values that are none of their type, and values inside a field.

Source: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from __future__ import annotations

import gzip

import pytest
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


def test_a_value_that_is_none_of_its_type_is_null(athena: Athena) -> None:
    athena.put("csv/part-0.csv", "1,2.5,true,2020-01-31,x\n,,,,\nno,no,maybe,no,\\N\n")
    athena.rows(
        f"CREATE EXTERNAL TABLE csv (a int, d decimal(10,2), b boolean, t date, s string) "
        f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://{athena.bucket}/csv/'"
    )
    assert athena.rows("SELECT * FROM csv") == [
        ["1", "2.50", "true", "2020-01-31", "x"],
        [None, None, None, None, ""],
        [None, None, None, None, None],
    ]


def test_arrays_maps_and_structs_have_separators_of_their_own(athena: Athena) -> None:
    athena.put("nested/part-0.txt", "1\x022\x01k\x031\x02l\x03\\N\x017\x02seven\n")
    athena.rows(
        f"CREATE EXTERNAL TABLE nested (a array<int>, m map<string,int>, s struct<n:int,t:string>) "
        f"ROW FORMAT DELIMITED LOCATION 's3://{athena.bucket}/nested/'"
    )
    assert athena.rows("SELECT * FROM nested") == [["[1, 2]", "{k=1, l=null}", "{n=7, t=seven}"]]


def test_rows_are_inserted_into_text_and_come_back(athena: Athena) -> None:
    """AWS: INSERT INTO writes text files of LazySimpleSerDe. A real Trino 476 wrote the same lines.

    Source: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
    """
    place = f"LOCATION 's3://{athena.bucket}/inserted/'"
    columns = (
        "b boolean, i int, d double, p decimal(10,2), s string, c char(4), day date, t timestamp, x binary, a array<int>, "
        "m map<string,double>, r struct<n:int,s:string>"
    )
    athena.rows(f"CREATE EXTERNAL TABLE inserted ({columns}) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' {place}")
    values = (
        "true, 7, 1e10, DECIMAL '2.50', 'text', 'ab', DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05.120', X'00ff', "
        "ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[0.5E0]), CAST(ROW(1, NULL) AS row(n int, s varchar))"
    )
    athena.rows(f"INSERT INTO inserted VALUES ({values})")
    athena.rows("INSERT INTO inserted (i) VALUES 8")
    rows = athena.rows("SELECT * FROM inserted ORDER BY i")
    assert rows[0] == [
        "true", "7", "1.0E10", "2.50", "text", "ab  ", "2026-01-02", "2026-01-02 03:04:05.120", "00 ff", "[1, null]", "{k=0.5}", "{n=1, s=null}",
    ]  # fmt: skip
    assert rows[1] == [None, "8", *[None] * 10]
    written = sorted(_lines(athena, "inserted/"))
    assert written == [
        "\\N|8|" + "|".join(["\\N"] * 10),
        "true|7|1.0E10|2.50|text|ab  |2026-01-02|2026-01-02 03:04:05.12|AP8=|1\x02\\N|k\x030.5|1\x02\\N",
    ]


def test_a_table_of_delimited_text_is_created_from_a_query(athena: Athena) -> None:
    """AWS: CREATE TABLE AS with TEXTFILE. Source: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html."""
    properties = f"format = 'TEXTFILE', field_delimiter = ',', external_location = 's3://{athena.bucket}/texts/'"
    athena.rows(
        f"CREATE TABLE texts WITH ({properties}, partitioned_by = ARRAY['k']) AS SELECT 1 AS a, 'x' AS b, 'p' AS k"
    )
    assert athena.rows("SELECT * FROM texts") == [["1", "x", "p"]]
    assert _lines(athena, "texts/k=p/") == ["1,x"]
    refused = athena.run("CREATE TABLE none WITH (format = 'PARQUET', field_delimiter = ',') AS SELECT 1 AS a")
    assert refused.reason.startswith("INVALID_TABLE_PROPERTY")


def test_chars_are_read_without_their_last_spaces_and_shown_with_them(athena: Athena) -> None:
    athena.put("chars/part.csv", "ab\nabcdef\n")
    athena.rows(f"CREATE EXTERNAL TABLE chars (c char(4)) LOCATION 's3://{athena.bucket}/chars/'")
    assert athena.rows("SELECT c, length(c), c = 'ab' FROM chars ORDER BY 1") == [
        ["ab  ", "4", "true"],
        ["abcd", "4", "false"],
    ]
    athena.rows(
        f"CREATE TABLE kept_chars WITH (external_location = 's3://{athena.bucket}/kept/') AS SELECT c FROM chars"
    )
    assert athena.rows("SELECT c, c = 'ab' FROM kept_chars ORDER BY 1") == [["ab  ", "true"], ["abcd", "false"]]


def test_texts_of_parquet_are_cut_to_the_columns_length(athena: Athena) -> None:
    """As a real Trino 476 reads them."""
    athena.rows(
        f"CREATE TABLE long_texts WITH (external_location = 's3://{athena.bucket}/long/') AS SELECT 'abcdef' AS v, 'ab' AS c"
    )
    athena.rows(
        f"CREATE EXTERNAL TABLE short_texts (v varchar(3), c char(4)) STORED AS PARQUET LOCATION 's3://{athena.bucket}/long/'"
    )
    assert athena.rows("SELECT v, c, length(v), length(c), c = 'ab' FROM short_texts") == [
        ["abc", "ab  ", "3", "4", "true"]
    ]


def _lines(athena: Athena, prefix: str) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)["Contents"]
    bodies = [athena.s3.get_object(Bucket=athena.bucket, Key=item["Key"])["Body"].read() for item in found]
    return [line for body in bodies for line in gzip.decompress(body).decode().split("\n") if line]


def test_a_separator_may_be_the_number_of_a_byte(athena: Athena) -> None:
    """Hive's LazySimpleSerDe takes ``1`` for the byte of that number, which Athena gives to every table without a separator.

    Sources: https://github.com/apache/hive/blob/master/serde/src/java/org/apache/hadoop/hive/serde2/lazy/LazyUtils.java (getByte), and
    the ``serialization.format`` that PyAthena's ``test_get_table_options`` reads from AWS.
    """
    athena.put("bytes/part-0.txt", "1\x01x\n")
    athena.rows(f"CREATE EXTERNAL TABLE plain (a int, b string) LOCATION 's3://{athena.bucket}/bytes/'")
    descriptor = athena.glue.get_table(DatabaseName=athena.database, Name="plain")["Table"]["StorageDescriptor"]
    assert descriptor["SerdeInfo"]["Parameters"] == {"serialization.format": "1"}
    assert athena.rows("SELECT * FROM plain") == [["1", "x"]]
    assert not [row for row in athena.rows("SHOW CREATE TABLE plain") if "SERDEPROPERTIES" in str(row)]
    athena.put("semicolons/part-0.txt", "1;x\n")
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH SERDEPROPERTIES ('field.delim' = '59')"
    athena.rows(f"CREATE EXTERNAL TABLE numbered (a int, b string) {serde} LOCATION 's3://{athena.bucket}/semicolons/'")
    assert athena.rows("SELECT * FROM numbered") == [["1", "x"]]
