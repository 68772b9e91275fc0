"""The three event types of a change, in the order in which one order can meet them. Pure."""

from __future__ import annotations

from typing import Literal, get_args

EventType = Literal["INSERT", "MODIFY", "REMOVE"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
