"""Keep who acknowledged which matter, and when, in the bucket: one document a matter, newest first."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from sales_cdc.contract import bucket_keys
from sales_cdc.verdict.clients import DeploymentClients
from sales_cdc.verdict.matters import Acknowledgement

MAX_KEPT = 100


class Acknowledgements:
    """Write the documents ``ledger/acknowledged/<matter>.json`` of one deployment's bucket."""

    def __init__(self, clients: DeploymentClients) -> None:
        self._clients = clients

    def keep(self, found: Acknowledgement) -> None:
        """Put an acknowledgement before the earlier ones of its matter.

        Example::

            Acknowledgements(clients).keep(Acknowledgement("rescued-values", "vera", now, until=matter.newest))
        """
        s3, bucket = self._clients.client("s3"), self._clients.topology().bucket.name
        key = f"{bucket_keys.ACKNOWLEDGED}{found.matter}.json"
        try:
            earlier = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["acknowledgements"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            earlier = []
        document = {"acknowledgements": [found.as_json(), *earlier][:MAX_KEPT]}
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode(), ContentType="application/json")
