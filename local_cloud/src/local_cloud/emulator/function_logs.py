"""Write a Lambda function's log with the permissions of its execution role.

MiniStack writes every log. On AWS a role without the permission has no log, and the function still runs. Source:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import logging
from typing import Any

from local_cloud.emulator.seams import require

logger = logging.getLogger("local_cloud")
NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")


def patch_function_logs(functions: Any, evaluator: Any) -> None:
    """Evaluate the role's policies before each log is written.

    Args:
        functions: ``ministack.services.lambda_svc``.
        evaluator: ``ministack.core.iam_evaluator``.

    Raises:
        SeamMovedError: MiniStack lacks a function that this needs.
    """
    require(functions, "_emit_lambda_logs")
    require(evaluator, "_gather_role_policies", "EvalContext", "evaluate")
    emit = functions._emit_lambda_logs

    def emit_if_allowed(function: dict[str, Any], *args: Any, **more: Any) -> None:
        configuration = function.get("config") or function
        refused = _refused(evaluator, configuration)
        if refused is None:
            emit(function, *args, **more)
        else:
            logger.warning("no log of function %s: %s", configuration["FunctionName"], refused)

    functions._emit_lambda_logs = emit_if_allowed


def _refused(evaluator: Any, configuration: dict[str, Any]) -> str | None:
    """Return why the function's role may not write its log; None when it may."""
    _, partition, _, region, account, _ = configuration["FunctionArn"].split(":", 5)
    group = (configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{configuration['FunctionName']}"
    resource = f"arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{configuration['FunctionName']}"
    role = configuration.get("Role", "")
    policies = evaluator._gather_role_policies(role.rpartition("/")[2], account)
    for action in NEEDED:
        call = evaluator.EvalContext(role, "AssumedRole", account, action, resource, region)
        if evaluator.evaluate(call, policies).decision != "Allow":
            return f"{role} is not authorized to perform: {action} on resource: {resource}"
    return None
