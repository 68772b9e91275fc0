"""Keep tags of crawlers and jobs by ARN in MiniStack, which answers GetTags, TagResource and UntagResource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_cloud.context import Context
from local_cloud.wire import Request


class Tags:
    """The tags of one kind of resource (``crawler``, ``job``)."""

    def __init__(self, context: Context, kind: str) -> None:
        self._context, self._kind = context, kind

    def put(self, request: Request, name: str, tags: Mapping[str, str]) -> None:
        if tags:
            self._glue(request).tag_resource(ResourceArn=self._arn(request, name), TagsToAdd=dict(tags))

    def remove_all(self, request: Request, name: str) -> None:
        """Delete the tags of a deleted resource, so that a new one of its name begins without them."""
        glue, arn = self._glue(request), self._arn(request, name)
        found = glue.get_tags(ResourceArn=arn)["Tags"]
        if found:
            glue.untag_resource(ResourceArn=arn, TagsToRemove=list(found))

    def _glue(self, request: Request) -> Any:
        return self._context.clients.client("glue", region=request.region)

    def _arn(self, request: Request, name: str) -> str:
        return f"arn:aws:glue:{request.region}:{request.account}:{self._kind}/{name}"
