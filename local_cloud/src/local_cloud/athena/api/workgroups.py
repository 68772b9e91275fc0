"""Answer the API's actions on work groups and their tags.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroup.html
"""

from __future__ import annotations

from local_cloud.athena.account.executions import Executions
from local_cloud.athena.account.prepared import PreparedStatements
from local_cloud.athena.account.workgroups import WorkGroups, invalid
from local_cloud.athena.api.pages import page
from local_cloud.wire import Json, JsonService, Request


class WorkGroupActions(JsonService):
    """Answers the actions whose name tells of a work group or of a resource."""

    name = "athena"

    def __init__(self, groups: WorkGroups, prepared: PreparedStatements, executions: Executions) -> None:
        self._groups, self._prepared, self._executions = groups, prepared, executions

    def create_work_group(self, params: Json, _request: Request) -> Json:
        self._groups.create(params)
        return {}

    def get_work_group(self, params: Json, _request: Request) -> Json:
        group = self._groups.get(params.get("WorkGroup", ""))
        return {"WorkGroup": {key: value for key, value in group.items() if key != "Tags"}}

    def update_work_group(self, params: Json, _request: Request) -> Json:
        self._groups.update(params)
        return {}

    def delete_work_group(self, params: Json, _request: Request) -> Json:
        name = params.get("WorkGroup", "")
        if not params.get("RecursiveDeleteOption") and (self._executions.ids(name) or self._prepared.list(name)):
            raise invalid(f"WorkGroup {name} is not empty")
        self._groups.delete(name)
        self._prepared.delete_all(name)
        return {}

    def list_work_groups(self, params: Json, _request: Request) -> Json:
        listed, token = page(self._groups.summaries(), params)
        return {"WorkGroups": listed, **token}

    def tag_resource(self, params: Json, _request: Request) -> Json:
        name = params.get("ResourceARN", "").rpartition("/")[2]
        tags = {tag["Key"]: tag for tag in [*self._groups.tags(name), *params.get("Tags", [])]}
        self._groups.set_tags(name, list(tags.values()))
        return {}

    def untag_resource(self, params: Json, _request: Request) -> Json:
        name = params.get("ResourceARN", "").rpartition("/")[2]
        self._groups.set_tags(
            name, [tag for tag in self._groups.tags(name) if tag["Key"] not in params.get("TagKeys", [])]
        )
        return {}

    def list_tags_for_resource(self, params: Json, _request: Request) -> Json:
        return {"Tags": self._groups.tags(params.get("ResourceARN", "").rpartition("/")[2])}
