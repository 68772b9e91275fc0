"""Asks for the deployment's name before anything is destroyed."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator


class NotConfirmedError(AirflowFailException):
    """The run was not confirmed; nothing was done."""


class ConfirmOperator(BaseOperator):
    """Ask for the deployment's prefix: nothing is removed unless ``answer`` is exactly ``expected``.

    Raises:
        NotConfirmedError: it is anything else.
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
        self.log.info("Confirmed: everything of '%s' is removed.", self.expected)
