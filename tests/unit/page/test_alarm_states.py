"""Test what the page says of alarms: quiet, fired, missing, or not readable."""

from __future__ import annotations

from sales_cdc.deployment.topology import ALARMS
from sales_cdc.page.views.alarm_states import RUN_SETUP, alarm_states
from sales_cdc.verdict.observation import Answer

from tests.browser.canned import NOW, alarm


def test_a_fired_alarm_is_named_with_its_meaning_and_since_when() -> None:
    states = alarm_states(
        Answer({"alarms": [alarm(name, fired=name == "dead-letters") for name in ALARMS]}), "sales-cdc"
    )
    assert states["sentence"] == "1 of 6 alarms have fired."
    (fired,) = states["fired"]
    assert (fired["name"], states["is_bad"]) == ("dead-letters", True)
    assert fired["since"] < NOW.isoformat()


def test_quiet_alarms_are_said_to_watch() -> None:
    states = alarm_states(Answer({"alarms": [alarm(name, fired=False) for name in ALARMS]}), "sales-cdc")
    assert states == {"sentence": "No alarm has fired; 6 watch.", "remedy": "", "fired": [], "is_bad": False}


def test_an_alarm_that_is_missing_is_never_said_to_be_quiet() -> None:
    states = alarm_states(Answer({"alarms": [alarm(name, fired=False) for name in ALARMS[1:]]}), "sales-cdc")
    assert states["sentence"] == f"1 of 6 alarms are missing: {ALARMS[0]}."
    assert (states["remedy"], states["is_bad"]) == (RUN_SETUP, True)


def test_alarms_that_cannot_be_read_are_said_to_be_so() -> None:
    states = alarm_states(Answer(refusal="denied", message="may not.", remedy="Let it."), "sales-cdc")
    assert states["sentence"] == "The alarms could not be read: may not."
    assert (states["remedy"], states["is_bad"]) == ("Let it.", True)
