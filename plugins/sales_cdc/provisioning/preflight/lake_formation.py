"""Check what Lake Formation decides on, read which grants are there, and say which are missing.

Grants by LF-tags and to groups are not read. Sources: https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html,
https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sales_cdc.aws.errors import Kind, refusal_of
from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.preflight.clients import ReadOnlyClients
from sales_cdc.provisioning.preflight.findings import Finding, Level, unknown_if_refused

TOPIC = "Lake Formation"
IAM_ONLY = "IAM_ALLOWED_PRINCIPALS"
CATALOG, DATABASE, TABLES = "the catalog", "the database", "its tables"
TO_SET_UP = {CATALOG: ("CREATE_DATABASE",)}
TO_MAKE_TABLES = {DATABASE: ("CREATE_TABLE", "ALTER", "DESCRIBE"), TABLES: ("ALL",)}
TO_OPERATE = {DATABASE: ("CREATE_TABLE", "DESCRIBE"), TABLES: ("SELECT", "DESCRIBE", "ALTER", "DROP")}

Grants = Mapping[str, Mapping[str, set[str]]]
"""The permissions that were granted, by what they are on and the principal's ARN."""
NONE_READ: Grants = {CATALOG: {}, DATABASE: {}, TABLES: {}}
Wanted = Mapping[str, Mapping[str, Sequence[str]]]
"""The permissions that are needed, by the principal's ARN and what they are on."""


@dataclass(frozen=True)
class Decides:
    """Hold which decisions are Lake Formation's, and not IAM's alone.

    Attributes:
        by_place: whether it decides, by ``CATALOG``, ``DATABASE`` and ``TABLES``.
        is_there: whether the pipeline's database exists.
    """

    by_place: Mapping[str, bool]
    is_there: bool


def lake_formation(clients: ReadOnlyClients, topology: Topology, provisioning: str, operating: str) -> list[Finding]:
    """Return whether Lake Formation decides on the pipeline's tables, and what has to be granted then.

    Args:
        provisioning: the ARN of the user or role that runs setup.
        operating: of the one that runs the other DAGs.
    """
    found: list[Finding] = []
    with unknown_if_refused(found, TOPIC, "The account's default permissions"):
        settings = clients.of("lakeformation").get_data_lake_settings()["DataLakeSettings"]
        grants = NONE_READ
        with unknown_if_refused(found, TOPIC, "The grants that are there"):
            grants = _grants(clients, topology.database.name)
        decides = _decides(settings, _database(clients, topology.database.name), grants)
        found.append(_judged(topology, decides, _wanted(topology, decides, settings, provisioning, operating), grants))
    return found


def _judged(topology: Topology, decides: Decides, wanted: Wanted, grants: Grants) -> Finding:
    if not any(decides.by_place.values()):
        return Finding(TOPIC, Level.OK, "IAM alone decides on the pipeline's database and tables")
    return _finding(topology.database.name, decides, dict(_missing(wanted, grants, decides)))


def _wanted(
    topology: Topology, decides: Decides, settings: Mapping[str, Any], provisioning: str, operating: str
) -> Wanted:
    """Return what each principal has to be granted; an administrator may make databases."""
    admins = {each["DataLakePrincipalIdentifier"] for each in settings.get("DataLakeAdmins", [])}
    wanted: dict[str, Mapping[str, Sequence[str]]] = {
        topology.role(service).arn: TO_MAKE_TABLES for service in ("crawler", "job")
    }
    if not decides.is_there and provisioning not in admins:
        wanted[provisioning] = TO_SET_UP
    wanted[operating] = {**wanted.get(operating, {}), **TO_OPERATE}
    return wanted


def _grants(clients: ReadOnlyClients, database: str) -> Grants:
    return {place: _granted(clients, resource) for place, resource in _resources(database).items()}


def _resources(database: str) -> dict[str, dict[str, Any]]:
    return {
        CATALOG: {"Catalog": {}},
        DATABASE: {"Database": {"Name": database}},
        TABLES: {"Table": {"DatabaseName": database, "TableWildcard": {}}},
    }


def _granted(clients: ReadOnlyClients, resource: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what was granted on the resource, by principal; nothing when there is no such resource.

    Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ListPermissions.html
    """
    granted: dict[str, set[str]] = {}
    try:
        for each in _permissions(clients, resource):
            granted.setdefault(each["Principal"]["DataLakePrincipalIdentifier"], set()).update(each["Permissions"])
    except ClientError as error:
        if refusal_of(error).kind is not Kind.MISSING:
            raise
    return granted


def _permissions(clients: ReadOnlyClients, resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = {"NextToken": ""}
    while (token := page.get("NextToken")) is not None:
        start = {"NextToken": token} if token else {}
        page = clients.of("lakeformation").list_permissions(Resource=resource, **start)
        yield from page["PrincipalResourcePermissions"]


def _database(clients: ReadOnlyClients, name: str) -> Mapping[str, Any] | None:
    try:
        database: dict[str, Any] = clients.of("glue").get_database(Name=name)["Database"]
    except ClientError as error:
        if refusal_of(error).kind is not Kind.MISSING:
            raise
        return None
    return database


def _decides(settings: Mapping[str, Any], database: Mapping[str, Any] | None, grants: Grants) -> Decides:
    """A database has its own defaults for new tables; the account's are for new databases."""
    new_databases, new_tables = (not _left_to_iam(settings, kind) for kind in ("Database", "Table"))
    if database is None:
        return Decides({CATALOG: new_databases, DATABASE: new_databases, TABLES: new_tables}, is_there=False)
    tables = not _left_to_iam({**settings, **database}, "Table")
    is_left = IAM_ONLY in grants[DATABASE] or (grants is NONE_READ and not new_databases)
    return Decides({CATALOG: False, DATABASE: not is_left, TABLES: tables}, is_there=True)


def _left_to_iam(settings: Mapping[str, Any], kind: str) -> bool:
    granted = settings.get(f"Create{kind}DefaultPermissions", [])
    return any(each["Principal"]["DataLakePrincipalIdentifier"] == IAM_ONLY for each in granted)


def _missing(wanted: Wanted, grants: Grants, decides: Decides) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield each principal that lacks something, with what it lacks by place."""
    for principal, places in wanted.items():
        lacks: dict[str, list[str]] = {}
        for place, permissions in places.items():
            has = grants[place].get(principal, set())
            if (
                decides.by_place[place]
                and "ALL" not in has
                and (rest := [one for one in permissions if one not in has])
            ):
                lacks[place] = rest
        if lacks:
            yield principal, lacks


def _finding(name: str, decides: Decides, missing: Mapping[str, Mapping[str, Sequence[str]]]) -> Finding:
    """Say what to grant; without CREATE_DATABASE setup itself would fail, without the rest the batch."""
    first = next((principal for principal, places in missing.items() if CATALOG in places), None)
    parts = [
        f"{principal.rpartition('/')[2]} "
        + " and ".join(
            f"{', '.join(what)} on {_words(place, name)}" for place, what in places.items() if place != CATALOG
        )
        for principal, places in missing.items()
        if set(places) - {CATALOG}
    ]
    orders = [f"grant {first} CREATE_DATABASE on the catalog (or make it an administrator)"] if first else []
    orders += [f"{'' if decides.is_there else 'after setup '}grant {'; '.join(parts)}"] if parts else []
    if not orders:
        return Finding(TOPIC, Level.OK, f"it decides on '{name}' and its tables, and every grant is there")
    text = f"it decides on '{name}' and its tables: {', and '.join(orders)}."
    return Finding(TOPIC, Level.STOP if first else Level.HEED, text)


def _words(place: str, database: str) -> str:
    return f"the database '{database}'" if place == DATABASE else "its tables"
