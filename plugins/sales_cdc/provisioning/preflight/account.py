"""Check whose account it is, what the region offers, and the quotas that bite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import refusal_of
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.definitions import lake
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level, briefly, unknown_if_refused

SERVICES = (
    "athena", "cloudwatch", "dynamodb", "dynamodbstreams", "events", "firehose", "glue", "iam", "kinesis", "lambda", "logs", "pipes",
    "s3", "sns", "sqs",
)  # fmt: skip
GLUE_ANNOUNCED = {"aws": "2026-04-28", "aws-us-gov": "2026-04-28"}
"""Since when Glue 5.1 is in every region of a partition; no operation of Glue lists its versions.

Source: https://aws.amazon.com/about-aws/whats-new/2026/04/aws-glue-5-1-all-govcloud-commercial-regions/
"""
LEAST_CONCURRENCY = 100  # of Lambda, one for each shard of Kinesis and some for others; AWS starts new accounts with 10
GLUE_DPUS = 8  # a crawl takes 2, three runs of the job 2 each


@dataclass(frozen=True)
class Caller:
    """Hold who the credentials belong to."""

    account: str
    arn: str

    @property
    def principal(self) -> str:
        """Return the ARN of the role itself for a session of it; else the caller's own.

        A session's ARN does not have the path of its role: such a role cannot be simulated.
        """
        head, _, session = self.arn.partition(":assumed-role/")
        if not session:
            return self.arn
        return f"{head.replace(':sts:', ':iam:')}:role/{session.split('/')[0]}"


def who(clients: ReadOnlyClients) -> tuple[Caller | None, Finding]:
    """Return the caller, or None with the reason."""
    try:
        identity = clients.of("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        return None, Finding("account", Level.STOP, f"{briefly(refusal)}. {refusal.remedy}")
    caller = Caller(identity["Account"], identity["Arn"])
    return caller, Finding("account", Level.OK, f"{caller.account}, as {caller.arn}")


def region(clients: ReadOnlyClients, topology: Topology) -> list[Finding]:
    """Return whether the region offers every service, and Glue 5.1.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html
    """
    name, found = topology.settings.region, list[Finding]()
    path = f"/aws/service/global-infrastructure/regions/{name}/services"
    version = str(lake.job(topology)["GlueVersion"])
    with unknown_if_refused(found, "region", f"What {name} offers"):
        pages = clients.of("ssm").get_paginator("get_parameters_by_path").paginate(Path=path)
        offered = {each["Value"] for page in pages for each in page["Parameters"]}
        if not offered:
            found.append(Finding("region", Level.UNKNOWN, f"{name} has no list of its services."))
        elif missing := [service for service in SERVICES if service not in offered]:
            so = f", so there is no Glue {version}" if "glue" in missing else ""
            found.append(
                Finding("region", Level.STOP, f"{name} does not offer {', '.join(missing)}{so}. Choose another.")
            )
            if so:
                return found
        else:
            found.append(Finding("region", Level.OK, f"{name} offers all {len(SERVICES)} services"))
    return [*found, _glue(name, version, GLUE_ANNOUNCED.get(topology.partition))]


def _glue(region: str, version: str, since: str | None) -> Finding:
    if since:
        return Finding(
            "region", Level.OK, f"Glue {version} was announced for {region} by {since}; no operation shows it"
        )
    text = f"Whether {region} has Glue {version}: no operation shows it, and AWS has not announced it for all of this partition."
    return Finding("region", Level.UNKNOWN, text)


def quotas(clients: ReadOnlyClients) -> list[Finding]:
    """Return the quotas that a new account meets first."""
    found: list[Finding] = []
    checks: Mapping[str, Callable[[ReadOnlyClients], Finding]] = {
        "Lambda's concurrency": _concurrency,
        "Kinesis's quota of on-demand streams": _streams,
        "IAM's quota of roles": _roles,
        "Glue's quota of DPUs": _dpus,
    }
    for what, check in checks.items():
        with unknown_if_refused(found, "quota", what):
            found.append(check(clients))
    return found


def _quota(enough: bool, text: str) -> Finding:
    return Finding(
        "quota", Level.OK if enough else Level.HEED, text if enough else f"{text}. Ask for more in Service Quotas."
    )


def _concurrency(clients: ReadOnlyClients) -> Finding:
    limit = clients.of("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    return _quota(limit >= LEAST_CONCURRENCY, f"Lambda runs {limit} at once, which all functions of the region share")


def _streams(clients: ReadOnlyClients) -> Finding:
    limits = clients.of("kinesis").describe_limits()
    there, most = limits["OnDemandStreamCount"], limits["OnDemandStreamCountLimit"]
    return _quota(there < most, f"Kinesis has {there} of {most} on-demand streams")


def _roles(clients: ReadOnlyClients) -> Finding:
    summary = clients.of("iam").get_account_summary()["SummaryMap"]
    return _quota(
        summary["Roles"] + 5 <= summary["RolesQuota"], f"IAM has {summary['Roles']} of {summary['RolesQuota']} roles"
    )


def _dpus(clients: ReadOnlyClients) -> Finding:
    pages = clients.of("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="glue")
    values = {each["QuotaName"]: each["Value"] for page in pages for each in page["Quotas"]}
    dpus = next((value for name, value in values.items() if name.lower() == "max task dpus"), None)
    if dpus is None:
        return Finding("quota", Level.UNKNOWN, "Glue's quota of DPUs is not among those that Service Quotas lists.")
    return _quota(dpus >= GLUE_DPUS, f"Glue runs {dpus:g} DPUs at once; crawl and job take up to {GLUE_DPUS}")
