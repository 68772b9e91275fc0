"""The API beside queries: statistics, tags, catalogs; and what it refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.integration.athena.client import Athena

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def athena(cloud: object) -> Athena:
    """One database for the module: no two tests share a table."""
    return Athena(cloud, "athenaapi")


def test_the_api_beside_queries(athena: Athena) -> None:
    """AWS: GetQueryRuntimeStatistics, TagResource, data catalogs.

    Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryRuntimeStatistics.html
    """
    again = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
    execution = athena.run("SELECT 1", ResultReuseConfiguration=again).execution
    assert execution["Statistics"]["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    assert execution["Statistics"]["QueryQueueTimeInMillis"] >= 1
    client, query_id = athena.client, execution["QueryExecutionId"]
    timeline = client.get_query_runtime_statistics(QueryExecutionId=query_id)["QueryRuntimeStatistics"]["Timeline"]
    assert timeline["TotalExecutionTimeInMillis"] >= timeline["EngineExecutionTimeInMillis"]
    arn = "arn:aws:athena:us-east-1:000000000000:workgroup/primary"
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "sales"}])
    assert {"Key": "team", "Value": "sales"} in client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    assert client.get_database(CatalogName="AwsDataCatalog", DatabaseName=athena.database)["Database"]["Name"]


def test_named_queries_are_refused(athena: Athena) -> None:
    with pytest.raises(ClientError, match="has no operation 'ListNamedQueries'"):
        athena.client.list_named_queries()
