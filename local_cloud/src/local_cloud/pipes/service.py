"""The actions of EventBridge Pipes.

A call answers at once with the pipe's new state (CREATING, STOPPING …); the registry does the work of that state. Source:
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_Operations.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local_cloud import constraints
from local_cloud.config import RECORDS_LOST
from local_cloud.context import Context
from local_cloud.counters import Counters
from local_cloud.pipes.definition import invalid, new_pipe, updated_pipe
from local_cloud.pipes.registry import Registry
from local_cloud.pipes.states import TRANSIENT, IllegalMoveError, State, move, state_of
from local_cloud.wire import Json, Request, RestJsonService, ServiceError

_BRIEF = ("Arn", "CreationTime", "CurrentState", "DesiredState", "LastModifiedTime", "Name")
_SUMMARY = (*_BRIEF, "Enrichment", "Source", "StateReason", "Target")
LIST_LIMIT = 100


class PipesService(RestJsonService):
    """Answer requests about pipes from a DynamoDB or Kinesis stream to a Kinesis stream."""

    name = "pipes"
    check = staticmethod(partial(constraints.check, "pipes"))

    def __init__(self, context: Context) -> None:
        self.metrics = Counters()
        self._registry = Registry(context, self.metrics)

    def start(self) -> None:
        if os.environ.get(RECORDS_LOST) == "yes":
            self._registry.rewind()
        self._registry.resume()

    def stop(self) -> None:
        self._registry.close()

    def routes(self) -> Mapping[tuple[str, str], Callable[[Json, Request], Json]]:
        pipe, tags = r"/v1/pipes/(?P<Name>[^/]+)", r"/tags/(?P<resourceArn>.+)"
        return {
            ("POST", pipe): self.create_pipe,
            ("GET", pipe): self.describe_pipe,
            ("PUT", pipe): self.update_pipe,
            ("DELETE", pipe): self.delete_pipe,
            ("GET", "/v1/pipes"): self.list_pipes,
            ("POST", f"{pipe}/start"): self.start_pipe,
            ("POST", f"{pipe}/stop"): self.stop_pipe,
            ("GET", tags): self.list_tags_for_resource,
            ("POST", tags): self.tag_resource,
            ("DELETE", tags): self.untag_resource,
        }

    def create_pipe(self, params: Json, request: Request) -> Json:
        arn = _arn(request, params["Name"])
        pipe = new_pipe(params, arn)
        with self._registry.lock:
            if self._registry.get(arn) is not None:
                raise ServiceError("ConflictException", f"Pipe {params['Name']} already exists.", 409)
            self._registry.put(pipe)
        self._registry.settle(arn)
        return _only(pipe, _BRIEF)

    def describe_pipe(self, params: Json, request: Request) -> Json:
        return self._shown(self._pipe(_arn(request, params["Name"])))

    def update_pipe(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            pipe = self._pipe(_arn(request, params["Name"]))
            return self._change(updated_pipe(pipe, params), State.UPDATING)

    def delete_pipe(self, params: Json, request: Request) -> Json:
        with self._registry.lock:
            pipe = self._pipe(_arn(request, params["Name"]))
            return self._change(pipe, State.DELETING)

    def start_pipe(self, params: Json, request: Request) -> Json:
        return self._start_or_stop(_arn(request, params["Name"]), "RUNNING", State.STARTING)

    def stop_pipe(self, params: Json, request: Request) -> Json:
        return self._start_or_stop(_arn(request, params["Name"]), "STOPPED", State.STOPPING)

    def list_pipes(self, params: Json, request: Request) -> Json:
        limit = int(params.get("Limit") or LIST_LIMIT)
        if not 1 <= limit <= LIST_LIMIT:
            raise invalid(f"Limit {limit} must be from 1 to {LIST_LIMIT}.")
        home = _arn(request, "")
        shown = [self._shown(pipe) for pipe in self._registry if pipe["Arn"].startswith(home) and _listed(pipe, params)]
        after = params.get("NextToken") or ""
        page = sorted((pipe for pipe in shown if pipe["Name"] > after), key=lambda pipe: str(pipe["Name"]))
        answer: Json = {"Pipes": [_only(pipe, _SUMMARY) for pipe in page[:limit]]}
        if len(page) > limit:
            answer["NextToken"] = page[limit - 1]["Name"]
        return answer

    def list_tags_for_resource(self, params: Json, _request: Request) -> Json:
        return {"tags": self._pipe(params["resourceArn"])["Tags"]}

    def tag_resource(self, params: Json, _request: Request) -> Json:
        with self._registry.lock:
            pipe = self._pipe(params["resourceArn"])
            pipe["Tags"].update(params.get("tags") or {})
            self._registry.put(pipe)
        return {}

    def untag_resource(self, params: Json, _request: Request) -> Json:
        keys = params.get("tagKeys") or []
        with self._registry.lock:
            pipe = self._pipe(params["resourceArn"])
            for key in keys if isinstance(keys, list) else [keys]:
                pipe["Tags"].pop(key, None)
            self._registry.put(pipe)
        return {}

    def _pipe(self, arn: str) -> dict[str, Any]:
        pipe = self._registry.get(arn)
        if pipe is None:
            raise ServiceError("NotFoundException", f"Pipe {arn.rpartition('/')[2]} does not exist.", 404)
        return pipe

    def _shown(self, pipe: dict[str, Any]) -> Json:
        problem = self._registry.problem(pipe["Arn"]) if state_of(pipe) is State.RUNNING else None
        return {**pipe, "StateReason": problem} if problem else pipe

    def _start_or_stop(self, arn: str, desired: str, transient: State) -> Json:
        with self._registry.lock:
            pipe = self._pipe(arn)
            pipe["DesiredState"] = desired
            if state_of(pipe).value == desired:
                return _only(pipe, _BRIEF)
            return self._change(pipe, transient)

    def _change(self, pipe: dict[str, Any], to: State) -> Json:
        """Move the pipe to a transient state, whose work the registry does; return what the API shows."""
        if state_of(pipe) in TRANSIENT:
            raise ServiceError("ConflictException", f"Pipe {pipe['Name']} is {pipe['CurrentState']}; wait for it.", 409)
        try:
            move(pipe, to)
        except IllegalMoveError as error:
            raise ServiceError("ConflictException", str(error), 409) from error
        self._registry.put(pipe)
        self._registry.settle(pipe["Arn"])
        return _only(pipe, _BRIEF)


def _arn(request: Request, name: str) -> str:
    return f"arn:aws:pipes:{request.region}:{request.account}:pipe/{name}"


def _only(pipe: Mapping[str, Any], fields: tuple[str, ...]) -> Json:
    return {field: pipe[field] for field in fields if field in pipe}


def _listed(pipe: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    prefixes = {"Name": "NamePrefix", "Source": "SourcePrefix", "Target": "TargetPrefix"}
    return all(pipe[field].startswith(params.get(name) or "") for field, name in prefixes.items()) and all(
        params.get(name) in {None, pipe[name]} for name in ("DesiredState", "CurrentState")
    )
