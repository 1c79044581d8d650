"""What a keeper would have: parts that were handed out one after the other, and the state made from them."""

from __future__ import annotations

import json
from typing import Any

from providers.airtable.sandbox import AirtableSimulator


class Kept:
    """Takes a simulator's changed parts again and again."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str], Any] = {}

    def after(self, sim: AirtableSimulator) -> AirtableSimulator:
        """A simulator that was started from everything that was kept."""
        parts = sim.parts(whole=False)
        older = {} if parts.whole else {key: each for key, each in self.parts.items() if key[0] not in parts.emptied}
        self.parts = {key: each for key, each in (older | parts.changed).items() if each is not None}
        again = AirtableSimulator()
        assert again.load_parts((*key, json.loads(json.dumps(each))) for key, each in sorted(self.parts.items()))
        return again
