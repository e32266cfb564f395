"""What both stand-ins share while they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bgmsync.standins.clock import Clock
from bgmsync.standins.exchange import Exchange
from bgmsync.standins.faults import Faults
from bgmsync.standins.journal import Journal

if TYPE_CHECKING:
    from bgmsync.standins.world import World

Observer = Callable[[Exchange], Iterable[str]]
"""Looks at each request before it is answered, and names what is wrong with it; each is a breach ``openapi``."""


@dataclass
class Hub:
    """``latency`` is in seconds, by service. ``world`` belongs to the stand-ins: they change it."""

    world: World
    observer: Observer | None = None
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    latency: Counter[str] = field(default_factory=Counter)
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.clock)
