"""A function's log is written with its execution role: without the permission there is no log, and the function runs on.

MiniStack writes every log, whatever the role may do. Source: *Sending Lambda function logs to CloudWatch Logs*.
"""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger("local_cloud")
NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")


def write_logs_as_roles(functions: Any, evaluator: Any) -> None:
    """Ask the role's policies before each log; ``functions`` and ``evaluator`` are MiniStack's modules.

    Raises:
        RuntimeError: MiniStack's functions have other names now.
    """
    if not hasattr(functions, "_emit_lambda_logs") or not hasattr(evaluator, "_gather_role_policies"):
        raise RuntimeError("MiniStack's function logs moved: function_logs.py was written for version 1.5.33.")
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
    """Why the function's role may not write its log; None when it may."""
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
