"""Glue: database, classifier, crawler and job. Source: AWS Glue Web API Reference."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from sales_cdc.deployment.topology import Topology
from sales_cdc.provisioning.drift import drift
from sales_cdc.provisioning.resources.resource import Found, ResourceHook, without


class GlueHook(ResourceHook):
    """What Glue's resources share: their errors and the shape of their ARNs."""

    service = "glue"
    name_field = "Name"
    absent_codes = frozenset({"EntityNotFoundException"})
    taken_codes = frozenset({"AlreadyExistsException", "IdempotentParameterMismatchException"})

    def _arn(self, path: str) -> str:
        return f"arn:{self.conn_partition}:glue:{self.conn_region_name}:{self.account_id}:{path}"

    def _tags(self, arn: str) -> dict[str, str]:
        tags: dict[str, str] = self.conn.get_tags(ResourceArn=arn).get("Tags", {})
        return tags

    @abstractmethod
    def describe(self, name: str) -> Found: ...


class DatabaseHook(GlueHook):
    """A database; its parameters tell whose it is."""

    kind = "Glue database"

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition["DatabaseInput"]["Name"])

    def describe(self, name: str) -> Found:
        database = self.conn.get_database(Name=name)["Database"]
        return Found(name, self._arn(f"database/{name}"), database.get("Parameters", {}), database)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_database(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        changes = drift(definition["DatabaseInput"], found.description)
        if changes:
            self.conn.update_database(Name=found.name, DatabaseInput=definition["DatabaseInput"])
        return changes

    def delete(self, found: Found) -> None:
        """With its tables and views, which Glue removes in its own time."""
        self.conn.delete_database(Name=found.name)


class ClassifierHook(GlueHook):
    """A JSON classifier. It carries no tags: it is ours when it has the pipeline's path."""

    kind = "Glue classifier"

    def name_of(self, definition: Mapping[str, Any]) -> str:
        return str(definition["JsonClassifier"]["Name"])

    def describe(self, name: str) -> Found:
        classifier = self.conn.get_classifier(Name=name)["Classifier"]
        return Found(name, self._arn(f"classifier/{name}"), {}, classifier.get("JsonClassifier", {}))

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        return bool(found.description.get("JsonPath") == Topology.ORDERS_JSON_PATH)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_classifier(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Name and path are all there is to it, and with another path it would not be ours."""
        return drift(definition["JsonClassifier"], found.description)

    def delete(self, found: Found) -> None:
        self.conn.delete_classifier(Name=found.name)


class CrawlerHook(GlueHook):
    """A crawler. It can be changed and removed only while it is idle: both wait for that."""

    kind = "Glue crawler"
    ready_waiter = "crawler_ready"

    def describe(self, name: str) -> Found:
        crawler = self.conn.get_crawler(Name=name)["Crawler"]
        arn = self._arn(f"crawler/{name}")
        return Found(name, arn, self._tags(arn), crawler)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_crawler(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """Glue shows the role by its name or its ARN, whichever it likes."""
        role = definition["Role"]
        shown = {
            "CrawlerSecurityConfiguration": "",
            **found.description,
            "Role": role if role.endswith(found.description["Role"]) else None,
        }
        wanted = {"CrawlerSecurityConfiguration": "", **without(definition, "Tags")}
        changes = drift(wanted, shown)
        if changes:
            self.conn.update_crawler(**wanted)
        return changes

    def delete(self, found: Found) -> None:
        if found.description["State"] == "RUNNING":
            self.conn.stop_crawler(Name=found.name)
        self.wait_until_ready(found.name)
        self.conn.delete_crawler(Name=found.name)


class JobHook(GlueHook):
    """A Spark job. A run that is under way when the job is removed ends by itself."""

    kind = "Glue job"

    def describe(self, name: str) -> Found:
        job = self.conn.get_job(JobName=name)["Job"]
        arn = self._arn(f"job/{name}")
        return Found(name, arn, self._tags(arn), job)

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_job(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        wanted = without(definition, "Name", "Tags")
        shown = {**found.description, "SecurityConfiguration": found.description.get("SecurityConfiguration") or None}
        changes = drift({"SecurityConfiguration": None, **wanted}, shown)
        if changes:
            self.conn.update_job(JobName=found.name, JobUpdate=wanted)
        return changes

    def delete(self, found: Found) -> None:
        self.conn.delete_job(JobName=found.name)


class SecurityConfigurationHook(GlueHook):
    """How crawler and job encrypt. It carries no tags: it is ours when one key encrypts all of it."""

    kind = "Glue security configuration"

    def describe(self, name: str) -> Found:
        found = self.conn.get_security_configuration(Name=name)["SecurityConfiguration"]
        return Found(name, self._arn(f"securityConfiguration/{name}"), {}, found)

    def is_ours(self, found: Found, tags: Mapping[str, str]) -> bool:
        encryption = found.description["EncryptionConfiguration"]
        objects, logs = encryption.get("S3Encryption", []), encryption.get("CloudWatchEncryption", {})
        keys = {each.get("KmsKeyArn") for each in [*objects, logs]}
        return len(objects) == 1 and len(keys) == 1 and None not in keys

    def must_be_replaced(self, found: Found, definition: Mapping[str, Any]) -> bool:
        return bool(drift(definition, found.description))

    def create(self, definition: Mapping[str, Any]) -> None:
        self.conn.create_security_configuration(**definition)

    def update(self, found: Found, definition: Mapping[str, Any]) -> list[str]:
        """It cannot be changed, only replaced."""
        return drift(definition, found.description)

    def delete(self, found: Found) -> None:
        self.conn.delete_security_configuration(Name=found.name)
