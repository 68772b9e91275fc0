"""Check requests for S3 that nobody signed against the bucket's policy. MiniStack serves them all.

Without a statement that allows everybody they are refused. ACLs are not asked: a bucket is made without them.
An upload by a form has its signature among the form's fields, where MiniStack checks it.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from typing import Any

from local_cloud.emulator.seams import require


def patch_unsigned_requests(evaluator: Any) -> None:
    """Extend the check of permissions in ``ministack.core.iam_evaluator``.

    Raises:
        SeamMovedError: MiniStack lacks one of the names.
    """
    require(
        evaluator, "enforce", "evaluate_resource_policy", "EvalContext", "EvalResult", "_anonymous", "_resource_policy"
    )
    enforce = evaluator.enforce

    def enforced(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        is_form = action == "s3:PutObject" and "/" not in resource_arn
        if service != "s3" or access_key or is_form or not evaluator._anonymous.get():
            return enforce(access_key, action, service, region, resource_arn, service_context)
        return _denial(evaluator, action, resource_arn, region)

    evaluator.enforce = enforced


def _denial(evaluator: Any, action: str, resource_arn: str, region: str) -> Any:
    """Return why everybody may not do this; None when the bucket's policy allows it."""
    found = evaluator._resource_policy("s3", resource_arn)
    context = evaluator.EvalContext("*", "Anonymous", "", action, resource_arn, region)
    if found and evaluator.evaluate_resource_policy(found[0], context).decision == "Allow":
        return None
    return evaluator.EvalResult("ImplicitDeny", principal_arn="anonymous")
