"""Name the service principal that the trust policy of a crawler's or a job's role has to hold."""

PRINCIPAL = "glue.amazonaws.com"


def role_arn(role: str, account: str) -> str:
    """Return the ARN of a role that was given by name, or as an ARN. CreateCrawler and CreateJob allow both.

    Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html,
    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html
    """
    return role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role.lstrip('/')}"
