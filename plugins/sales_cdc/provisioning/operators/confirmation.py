"""Ask for the deployment's name before anything is removed."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator


class NotConfirmedError(AirflowFailException):
    """Raised when the run was not confirmed; nothing was removed."""


class ConfirmOperator(BaseOperator):
    """Fail unless ``answer`` is exactly ``expected``, the deployment's prefix.

    Raises:
        NotConfirmedError: the answer is anything else.
    """

    template_fields = ("answer",)

    def __init__(self, *, answer: str, expected: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answer = answer
        self.expected = expected

    def execute(self, context: Any) -> None:
        if self.answer != self.expected:
            given = f"'{self.answer}'" if self.answer else "empty"
            raise NotConfirmedError(
                f"Nothing was removed: the parameter 'confirm' is {given}, and it has to be the deployment's prefix, "
                f"'{self.expected}'. To remove every resource and every order of that deployment, trigger this DAG with "
                f'{{"confirm": "{self.expected}"}}.'
            )
        self.log.info("Confirmed: this run removes every resource of '%s'.", self.expected)
