"""The simulator of this provider, as the declaration names it."""

from providers.airtable.simulator.simulator import AirtableSimulator

__all__ = ["AirtableSimulator"]
