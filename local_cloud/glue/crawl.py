"""One crawl from its S3 targets to the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.clients import Clients
from local_cloud.glue.catalog_writer import CatalogWriter, Changes
from local_cloud.glue.classify import UNKNOWN, Schema
from local_cloud.glue.crawler_policy import CrawlerPolicy
from local_cloud.glue.grouping import Group, Leaf, group
from local_cloud.glue.incremental import attach
from local_cloud.glue.role import PRINCIPAL
from local_cloud.glue.s3_source import S3Object, S3Target, SchemaReader, list_objects

Log = Callable[[str], None]


class CrawlError(Exception):
    """The crawl cannot go on; the message is its ``ErrorMessage``."""


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """What was changed, and every folder there was, which an incremental crawl leaves out next time."""

    changes: Changes
    folders: Sequence[str]


def crawl(
    crawler: Mapping[str, Any],
    classifiers: Sequence[Mapping[str, Any]],
    known_folders: Sequence[str],
    clients: Clients,
    log: Log,
) -> CrawlResult:
    """Run one crawl as the crawler's role.

    Args:
        crawler: as ``GetCrawler`` returns it, with the role's ARN.
        classifiers: its custom classifiers, in its order.
        known_folders: folders of earlier crawls, as ``s3://`` URIs; only used with ``CRAWL_NEW_FOLDERS_ONLY``.

    Raises:
        CrawlError: the crawl's own reasons.
        botocore.exceptions.ClientError: a call to S3 or the catalog was refused.
    """
    policy = CrawlerPolicy.of(crawler)
    for kind in ("GrokClassifier", "XMLClassifier"):
        for unavailable in [classifier[kind]["Name"] for classifier in classifiers if kind in classifier]:
            log(f"The local cloud does not apply {kind} {unavailable}: the next classifier decides")
    s3 = clients.client("s3", crawler["Role"], principal=PRINCIPAL)
    targets = [S3Target.of(target) for target in crawler["Targets"].get("S3Targets", [])]
    known = frozenset(known_folders) if policy.new_folders_only else frozenset[str]()
    found = [(target, list_objects(s3, target)) for target in targets]
    folders = {_uri(member) for _, objects in found for member in objects}
    log(f"Found {sum(len(objects) for _, objects in found)} objects in {len(folders)} folders")

    writer = CatalogWriter(clients.client("glue", crawler["Role"], principal=PRINCIPAL), crawler, policy, log)
    reader = SchemaReader(s3, classifiers)
    groups: list[tuple[S3Target, Group]] = []
    for target, objects in found:
        members = reader.read_all([member for member in objects if _uri(member) not in known])
        _log_unrecognised(members, log)
        attached, rest = attach(members, writer.tables.values()) if known else ([], members)
        groups += [(target, member) for member in [*attached, *_groups(target, rest, policy)]]
    if policy.table_threshold is not None and len(groups) > policy.table_threshold:
        raise CrawlError(
            f"The number of tables found ({len(groups)}) is above the crawler's TableThreshold ({policy.table_threshold})."
        )

    for target, member in groups:
        writer.write(target.bucket, member, target.exclusions)
    if not policy.new_folders_only:
        locations = [f"s3://{target.bucket}/{target.prefix}" for target in targets]
        writer.remove_missing(locations, folders)
    return CrawlResult(writer.changes, sorted(folders | known))


def _log_unrecognised(members: Sequence[tuple[S3Object, Schema]], log: Log) -> None:
    unknown = [found.key for found, schema in members if schema.classification == UNKNOWN]
    if unknown:
        log(f"No classifier recognised {len(unknown)} objects, such as {unknown[0]}: they are in no table")


def _uri(found: S3Object) -> str:
    return f"s3://{found.bucket}/{found.folder}"


def _groups(target: S3Target, members: Sequence[tuple[S3Object, Schema]], policy: CrawlerPolicy) -> list[Group]:
    if [found.key for found, _ in members] == [target.prefix]:
        return [Group(target.prefix, [Leaf.of(target.prefix, members)])]
    return group(target.folder, members, policy.grouping)
