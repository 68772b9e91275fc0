"""Test what the page loads before its first visitor."""

from __future__ import annotations

import logging
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError
from sales_cdc.deployment.settings import Settings
from sales_cdc.page.app import create_app


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("warm", EndpointConnectionError(endpoint_url="http://127.0.0.1:1")),
        ("newest_report", ValueError("ledger/batch/x/report.json is no JSON object.")),
    ],
)
def test_what_cannot_be_read_ahead_is_a_line_in_the_log(
    call: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Mock(**{f"{call}.side_effect": error})
    app = create_app(Settings.from_environment({"SALES_CDC_TARGET": "local"}), reader)
    with caplog.at_level(logging.INFO, "sales_cdc.page.app"):
        app.state.warm()
    assert str(error) in caplog.text
