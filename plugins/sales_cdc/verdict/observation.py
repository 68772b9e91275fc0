"""Looks at every hop of the pipeline once: what each resource says of itself, and its metrics of the last hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sales_cdc.aws.errors import refusal_of
from sales_cdc.deployment.topology import ALARMS, Topology
from sales_cdc.verdict.clients import DeploymentClients

WINDOW = timedelta(hours=1)
PERIOD_SECONDS = 60
PARALLEL_CALLS = 10
METRICS = {  # id: namespace, metric, dimension, the hop whose name it is, statistic
    "piped": ("AWS/EventBridge/Pipes", "EventCount", "PipeName", "pipe", "Sum"),
    "pipe_failures": ("AWS/EventBridge/Pipes", "TargetStageFailed", "PipeName", "pipe", "Sum"),
    "streamed": ("AWS/Kinesis", "IncomingRecords", "StreamName", "stream", "Sum"),
    "iterator_age": ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", "stream", "Maximum"),
    "delivered": ("AWS/Firehose", "DeliveryToS3.Records", "DeliveryStreamName", "delivery", "Sum"),
    "freshness": ("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", "delivery", "Maximum"),
    "transformer_errors": ("AWS/Lambda", "Errors", "FunctionName", "transformer", "Sum"),
}

Series = list[tuple[datetime, float]]


@dataclass(frozen=True)
class Answer:
    """What a resource answered: its ``description``, or why there is none.

    ``refusal`` is "" (it answered) or the kind of the refusal, ``message`` AWS's own words, ``remedy`` what to do.
    """

    description: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Observation:
    """All hops at one moment, by name; ``series`` holds a value a minute, oldest first, for each metric that has any.

    ``metrics`` says why CloudWatch gave no series at all; its refusal is "" when it answered.
    """

    at: datetime
    answers: Mapping[str, Answer]
    series: Mapping[str, Series]
    metrics: Answer = field(default_factory=Answer)


class Observer:
    """Asks all services at once; the slowest decides how long it takes.

    Source: the API references of DynamoDB, EventBridge Pipes, SQS, Kinesis, Firehose, Glue, Athena, EventBridge and CloudWatch.
    """

    def __init__(self, clients: DeploymentClients, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._now = now

    def observe(self) -> Observation:
        """Never raises for what AWS refuses: each hop tells its own refusal.

        Raises:
            BotoCoreError, ClientError: not even the account could be asked for.
        """
        topology = self._clients.topology()
        calls = self._calls(topology)
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            asked = {name: pool.submit(answer, call) for name, call in calls.items()}
            metrics = pool.submit(answer, lambda: {"series": self._series(topology)})
            answers = {name: each.result() for name, each in asked.items()}
        measured = metrics.result()
        return Observation(self._now(), answers, measured.description.get("series", {}), measured)

    def _calls(self, topology: Topology) -> dict[str, Callable[[], Mapping[str, Any]]]:
        of = self._clients.client
        return {
            "table": lambda: of("dynamodb").describe_table(TableName=topology.table.name)["Table"],
            "pipe": lambda: of("pipes").describe_pipe(Name=topology.pipe.name),
            "dead_letters": lambda: self._queue(topology.dead_letter_queue.name),
            "stream": lambda: of("kinesis").describe_stream_summary(StreamName=topology.stream.name)["StreamDescriptionSummary"],
            "delivery": lambda: of("firehose").describe_delivery_stream(DeliveryStreamName=topology.delivery.name)["DeliveryStreamDescription"],
            "crawler": lambda: of("glue").get_crawler(Name=topology.crawler.name)["Crawler"],
            "job": lambda: {"runs": of("glue").get_job_runs(JobName=topology.job.name, MaxResults=1)["JobRuns"]},
            "tables": lambda: {"names": table_names(of("glue"), topology.database.name)},
            "athena": lambda: self._work_group(topology.workgroup.name),
            "rule": lambda: of("events").describe_rule(Name=topology.arrivals_rule.name),
            "alarms": lambda: {"alarms": of("cloudwatch").describe_alarms(AlarmNames=[topology.alarm(name).name for name in ALARMS])["MetricAlarms"]},
        }  # fmt: skip

    def _queue(self, name: str) -> Mapping[str, Any]:
        sqs = self._clients.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes: dict[str, Any] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return attributes

    def _work_group(self, name: str) -> Mapping[str, Any]:
        group: dict[str, Any] = self._clients.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
        return group

    def _series(self, topology: Topology) -> dict[str, Series]:
        """One call for all metrics. CloudWatch leaves out the minutes in which nothing was reported."""
        now = self._now()
        queries = [metric_query(name, topology, PERIOD_SECONDS) for name in METRICS]
        found = self._clients.client("cloudwatch").get_metric_data(
            StartTime=now - WINDOW, EndTime=now + timedelta(seconds=PERIOD_SECONDS), MetricDataQueries=queries
        )
        return {
            result["Id"]: sorted(zip(result["Timestamps"], result["Values"], strict=True))
            for result in found["MetricDataResults"]
            if result["Values"]
        }


def metric_query(name: str, topology: Topology, period_seconds: int) -> dict[str, Any]:
    """Return the query for one of ``METRICS``, a point each so many seconds."""
    namespace, metric, dimension, hop, statistic = METRICS[name]
    where = [{"Name": dimension, "Value": getattr(topology, hop).name}]
    measured = {"Namespace": namespace, "MetricName": metric, "Dimensions": where}
    return {"Id": name, "MetricStat": {"Metric": measured, "Period": period_seconds, "Stat": statistic}}


def table_names(glue: Any, database: str) -> list[str]:
    """Return the names of all tables and views of a database; a page of AWS's answer has at most a hundred."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return [table["Name"] for page in pages for table in page["TableList"]]


def answer(call: Callable[[], Mapping[str, Any]]) -> Answer:
    """Make a call; a refusal becomes an answer that says which."""
    try:
        return Answer(call())
    except (ClientError, BotoCoreError) as error:
        refusal = refusal_of(error)
        return Answer(refusal=refusal.kind, message=refusal.message, remedy=refusal.remedy)
