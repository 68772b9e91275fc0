"""Answer the actions on custom classifiers; ``schemas/classify.py`` applies them.

Source: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html"""

from __future__ import annotations

import time
from functools import partial

from local_cloud import constraints
from local_cloud.context import Context
from local_cloud.glue.resources import Resources, page
from local_cloud.wire import Json, JsonService, Request, ServiceError

KINDS = ("GrokClassifier", "XMLClassifier", "JsonClassifier", "CsvClassifier")


class Classifiers(JsonService):
    name = "glue"
    check = staticmethod(partial(constraints.check, "glue"))

    def __init__(self, context: Context) -> None:
        self._classifiers = Resources(context.store, "Classifier")

    def create_classifier(self, params: Json, request: Request) -> Json:
        kind, given = _only(params)
        now = time.time()
        self._classifiers.create(
            request.region, given["Name"], {kind: {**given, "CreationTime": now, "LastUpdated": now, "Version": 1}}
        )
        return {}

    def update_classifier(self, params: Json, request: Request) -> Json:
        kind, given = _only(params)
        current = self._classifiers.get(request.region, given["Name"])
        if kind not in current:
            raise ServiceError("InvalidInputException", f"Classifier {given['Name']} is no {kind}.")
        changed = {"LastUpdated": time.time(), "Version": current[kind]["Version"] + 1}
        self._classifiers.put(request.region, given["Name"], {kind: {**current[kind], **given, **changed}})
        return {}

    def get_classifier(self, params: Json, request: Request) -> Json:
        return {"Classifier": self._classifiers.get(request.region, params["Name"])}

    def get_classifiers(self, params: Json, request: Request) -> Json:
        return page(self._classifiers.all(request.region), params, "Classifiers")

    def delete_classifier(self, params: Json, request: Request) -> Json:
        self._classifiers.get(request.region, params["Name"])
        self._classifiers.delete(request.region, params["Name"])
        return {}


def _only(params: Json) -> tuple[str, Json]:
    given = [(kind, params[kind]) for kind in KINDS if params.get(kind)]
    if len(given) != 1:
        raise ServiceError("InvalidInputException", f"Give exactly one of {', '.join(KINDS)}.")
    return given[0]
