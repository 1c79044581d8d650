"""Background writing that leaves SQLite's lock to people: the same helper as the rooms below use."""

from integration_hub.connections.pacing import HELD, paced

__all__ = ["HELD", "paced"]
