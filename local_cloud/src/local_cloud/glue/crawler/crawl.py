"""Run one crawl, from its S3 targets to the catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.clients import Clients
from local_cloud.glue.crawler.catalog_writer import CatalogWriter, Changes
from local_cloud.glue.crawler.event_queue import EventQueue
from local_cloud.glue.crawler.grouping import Group, Leaf, group
from local_cloud.glue.crawler.incremental import attach
from local_cloud.glue.crawler.policy import CrawlerPolicy
from local_cloud.glue.crawler.s3_source import S3Object, S3Target, SchemaReader, list_folders, list_objects
from local_cloud.glue.role import PRINCIPAL
from local_cloud.glue.schemas.classify import UNKNOWN, Schema
from local_cloud.glue.schemas.path_lists import CommaPath

Log = Callable[[str], None]


class CrawlError(Exception):
    """The crawl cannot go on; the message is its ``ErrorMessage``."""


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """What was changed, and every folder there was, which a crawl of new folders leaves out next time.

    A crawl by events knows no folders: what it has seen does not grow with the past.
    """

    changes: Changes
    folders: Sequence[str]


class Crawl:
    """One run of a crawler, as its role.

    Args:
        crawler: as ``GetCrawler`` returns it, with the role's ARN.
        classifiers: its custom classifiers, in its order.
        clients: make the clients that act as the crawler's role.
        log: takes the lines of the crawl's log.
        comma_path: what a classifier does whose path is a list of paths.
    """

    def __init__(
        self,
        crawler: Mapping[str, Any],
        classifiers: Sequence[Mapping[str, Any]],
        clients: Clients,
        log: Log,
        comma_path: CommaPath,
    ) -> None:
        self._comma_path = comma_path
        self._crawler, self._classifiers, self._log = crawler, classifiers, log
        self._policy = CrawlerPolicy.of(crawler)
        self._targets = [S3Target.of(target) for target in crawler["Targets"]["S3Targets"]]
        self._s3 = clients.client("s3", crawler["Role"], principal=PRINCIPAL)
        self._glue = clients.client("glue", crawler["Role"], principal=PRINCIPAL)
        self._sqs = clients.client("sqs", crawler["Role"], principal=PRINCIPAL)

    def run(self, known_folders: Sequence[str], is_listed: bool) -> CrawlResult:
        """List, read, group, write.

        Args:
            known_folders: folders of earlier crawls, as ``s3://`` URIs; only used with ``CRAWL_NEW_FOLDERS_ONLY``.
            is_listed: a crawl of this definition has listed the target; only used with ``CRAWL_EVENT_MODE``.

        Raises:
            CrawlError: the crawl's own reasons.
            botocore.exceptions.ClientError: a call to S3 or the catalog was refused.
        """
        if self._policy.by_events:
            return self._run_by_events(is_listed)
        known = frozenset(known_folders) if self._policy.new_folders_only else frozenset[str]()
        found = [(target, list_objects(self._s3, target)) for target in self._targets]
        folders = {_uri(member) for _, objects in found for member in objects}
        self._log(f"Found {sum(len(objects) for _, objects in found)} objects in {len(folders)} folders")
        writer = CatalogWriter(self._glue, self._crawler, self._policy, self._log)
        for target, member in self._grouped(found, known, writer.tables.values()):
            writer.write(target.bucket, member, target.exclusions)
        if not self._policy.new_folders_only:
            writer.remove_missing([f"s3://{target.bucket}/{target.prefix}" for target in self._targets], folders)
        return CrawlResult(writer.changes, sorted(folders | known))

    def _run_by_events(self, is_listed: bool) -> CrawlResult:
        """List the folders in which objects came or went since the last crawl; everything where no crawl has listed it.

        Its log lines are AWS's. Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
        """
        (target,) = self._targets
        queue = EventQueue(self._sqs, str(target.event_queue))
        queue.check_access()
        if not is_listed:
            self._log("The crawl is not running in S3 event mode")
            queue.empty()  # before it lists: what comes meanwhile stays for the next crawl
            return CrawlResult(self._crawl_all(target), [])
        self._log("The crawl is running by consuming Amazon S3 events")
        events = queue.receive()
        writer = self._crawl_folders(target, events.objects) if events.objects else None
        queue.delete(events)
        return CrawlResult(writer.changes if writer else Changes(), [])

    def _crawl_all(self, target: S3Target) -> Changes:
        objects = list_objects(self._s3, target)
        folders = {_uri(member) for member in objects}
        self._log(f"Found {len(objects)} objects in {len(folders)} folders")
        writer = CatalogWriter(self._glue, self._crawler, self._policy, self._log)
        self._write(writer, target, objects)
        writer.remove_missing([f"s3://{target.bucket}/{target.prefix}"], folders)
        return writer.changes

    def _crawl_folders(self, target: S3Target, named: Iterable[str]) -> CatalogWriter:
        """Crawl the folders of the objects that events name; tables that exist get what is new."""
        start = f"s3://{target.bucket}/"
        keys = {uri[len(start) :] for uri in named if uri.startswith(f"{start}{target.folder}")}
        folders = {key[: key.rfind("/") + 1] for key in keys}
        objects = list_folders(self._s3, target, folders)
        self._log(f"Found {len(objects)} objects in {len(folders)} folders that events name")
        writer = CatalogWriter(self._glue, self._crawler, self._policy, self._log, is_part=True)
        self._write(writer, target, objects)
        gone = keys - {found.key for found in objects} | folders - {found.folder for found in objects}
        writer.remove_gone({f"{start}{path}" for path in gone})
        return writer

    def _write(self, writer: CatalogWriter, target: S3Target, objects: list[S3Object]) -> None:
        for of, member in self._grouped([(target, objects)], frozenset(), writer.tables.values()):
            writer.write(of.bucket, member, of.exclusions)

    def _grouped(
        self,
        found: Sequence[tuple[S3Target, list[S3Object]]],
        known: frozenset[str],
        tables: Collection[Mapping[str, Any]],
    ) -> list[tuple[S3Target, Group]]:
        """Return the tables of every target; with known folders, new partitions of known tables first."""
        self._log_unavailable()
        reader = SchemaReader(self._s3, self._classifiers, self._comma_path)
        groups: list[tuple[S3Target, Group]] = []
        for target, objects in found:
            members = reader.read_all([member for member in objects if _uri(member) not in known])
            self._log_unrecognised(members)
            attached, rest = attach(members, tables) if known else ([], members)
            groups += [(target, member) for member in [*attached, *_groups(target, rest, self._policy)]]
        most = self._policy.table_threshold
        if most is not None and len(groups) > most:
            raise CrawlError(
                f"The number of tables found ({len(groups)}) is above the crawler's TableThreshold ({most})."
            )
        return groups

    def _log_unavailable(self) -> None:
        for kind in ("GrokClassifier", "XMLClassifier"):
            for name in [classifier[kind]["Name"] for classifier in self._classifiers if kind in classifier]:
                self._log(f"The local cloud does not apply {kind} {name}: the next classifier decides")

    def _log_unrecognised(self, members: Sequence[tuple[S3Object, Schema]]) -> None:
        unknown = [found.key for found, schema in members if schema.classification == UNKNOWN]
        if unknown:
            self._log(f"No classifier recognised {len(unknown)} objects, such as {unknown[0]}: they are in no table")


def _uri(found: S3Object) -> str:
    return f"s3://{found.bucket}/{found.folder}"


def _groups(target: S3Target, members: Sequence[tuple[S3Object, Schema]], policy: CrawlerPolicy) -> list[Group]:
    if [found.key for found, _ in members] == [target.prefix]:
        return [Group(target.prefix, [Leaf.of(target.prefix, members)])]
    return group(target.folder, members, policy.grouping)
