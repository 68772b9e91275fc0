"""Fixtures of Glue's tests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.glue.lake import Lake
from tests.integration.glue.workshop import Workshop


@pytest.fixture
def lake(cloud: Any) -> Iterator[Lake]:
    name = f"lake-{uuid.uuid4().hex[:8]}"
    s3, glue, iam = cloud.client("s3"), cloud.client("glue"), cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps({"Statement": [allow]}))
    s3.create_bucket(Bucket=name)
    glue.create_database(DatabaseInput={"Name": name.replace("-", "_")})
    yield Lake(name, name, name.replace("-", "_"), role, s3, glue, iam, cloud.client("logs"))
    for crawler in glue.get_crawlers()["Crawlers"]:
        if crawler["Name"].startswith(name) and crawler["State"] == "READY":
            glue.delete_crawler(Name=crawler["Name"])


@pytest.fixture
def workshop(cloud: Any) -> Iterator[Workshop]:
    name = f"jobs-{uuid.uuid4().hex[:8]}"
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    made = Workshop(name, role, cloud.client("s3"), cloud.client("glue"), iam, cloud.client("logs"))
    made.allow("s3:*", "glue:*", "logs:*")
    made.s3.create_bucket(Bucket=name)
    yield made
    for job in made.glue.list_jobs()["JobNames"]:
        if job.startswith(name):
            made.glue.delete_job(JobName=job)
