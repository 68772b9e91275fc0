"""Tables over delimited text: values that are none of their type, and values inside a field.

Source: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from __future__ import annotations

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
