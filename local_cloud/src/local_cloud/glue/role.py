"""Name the service principal that the trust policy of a crawler's or a job's role has to hold."""

PRINCIPAL = "glue.amazonaws.com"


def role_arn(role: str, account: str) -> str:
    """Return the ARN of a role that was given by name, or as an ARN. *CreateCrawler* and *CreateJob* allow both."""
    return role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role.lstrip('/')}"
