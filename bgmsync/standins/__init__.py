"""Stand-ins of Trakt and Bangumi: real HTTP servers on loopback, for the demo and for end-to-end tests.

They share no code with the clients they stand opposite to. ``StandIns`` runs both in a thread of its own,
``python -m bgmsync.standins`` in a process of its own; either way tests steer them over HTTP (``control``).
"""

from __future__ import annotations

from bgmsync.standins.remote import control
from bgmsync.standins.server import DEMO_WORLD, StandIns
from bgmsync.standins.world import World

__all__ = ["DEMO_WORLD", "StandIns", "World", "control"]
