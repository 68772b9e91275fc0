"""The changes to MiniStack's modules, in the order in which they are made."""

from __future__ import annotations

from local_cloud.emulator.alarms import patch_alarms
from local_cloud.emulator.catalog_tables import patch_catalog_tables
from local_cloud.emulator.default_encryption import patch_default_encryption
from local_cloud.emulator.expiry import disable_ttl_reaper
from local_cloud.emulator.expression_cache import cache_expressions
from local_cloud.emulator.function_logs import patch_function_logs
from local_cloud.emulator.hot_paths import patch_hot_paths
from local_cloud.emulator.kinesis_limits import patch_kinesis_limits
from local_cloud.emulator.kinesis_monitoring import patch_monitoring
from local_cloud.emulator.kinesis_retention import patch_retention_checks
from local_cloud.emulator.long_queues import patch_long_queues
from local_cloud.emulator.modules import Modules
from local_cloud.emulator.new_records import Announce, patch_new_records
from local_cloud.emulator.partiql import patch_partiql
from local_cloud.emulator.permission_checks import WorkGroupOf, patch_permission_checks
from local_cloud.emulator.refusal_texts import patch_refusal_texts
from local_cloud.emulator.resharding import patch_resharding
from local_cloud.emulator.scans import patch_scans
from local_cloud.emulator.shard_listing import patch_shard_listing
from local_cloud.emulator.stream_numbers import StreamNumbers, patch_stream_numbers
from local_cloud.emulator.streams import patch_streams
from local_cloud.emulator.unsigned_requests import patch_unsigned_requests
from local_cloud.emulator.update_expressions import patch_update_expressions
from local_cloud.emulator.whole_saves import patch_whole_saves
from local_cloud.uptime import Uptime


def apply_patches(
    modules: Modules,
    uptime: Uptime,
    numbers: StreamNumbers,
    work_group_of: WorkGroupOf,
    announce: Announce,
    *,
    enforce_iam: bool,
) -> None:
    """Patch MiniStack's modules in place.

    Args:
        modules: what ``modules.load`` returned.
        uptime: when the cloud was down; that time does not count towards the retention of a stream.
        numbers: what gives sequence numbers and labels to streams.
        work_group_of: the work group of an Athena query, by the query's id.
        announce: is called with the name of each stream to which records are added.
        enforce_iam: whether a function's log needs the permission of its role, and an unsigned request that of its bucket.

    Raises:
        SeamMovedError: MiniStack lacks a name that a patch needs.
    """
    patch_permission_checks(modules.app, modules.iam_actions, work_group_of)
    disable_ttl_reaper(modules.dynamodb)
    cache_expressions(modules.dynamodb)
    patch_refusal_texts(modules.kinesis, modules.dynamodb_streams)
    patch_retention_checks(modules.kinesis, uptime)
    patch_kinesis_limits(modules.kinesis)
    patch_resharding(modules.kinesis)
    patch_shard_listing(modules.kinesis)
    patch_monitoring(modules.kinesis)
    patch_hot_paths(modules.dynamodb, modules.dynamodb_streams, modules.kinesis)
    patch_long_queues(modules.sqs)
    patch_scans(modules.dynamodb)
    patch_stream_numbers(modules.dynamodb, numbers)
    patch_streams(modules.dynamodb, modules.dynamodb_streams, numbers)
    patch_new_records(modules.dynamodb, modules.kinesis, announce)
    patch_partiql(modules.dynamodb)
    patch_update_expressions(modules.dynamodb)
    patch_catalog_tables(modules.glue)
    patch_alarms(modules.cloudwatch)
    patch_default_encryption(modules.s3)
    patch_whole_saves(modules.persistence, modules.glue)
    if enforce_iam:
        patch_unsigned_requests(modules.iam_evaluator)
        patch_function_logs(modules.lambda_svc, modules.iam_evaluator)
