"""Pages of the admin about people, tokens and companies. They lie here because they write the audit trail, which the
companies room may not know."""

from integration_hub.hub.admin import house, people, team, tokens

__all__ = ["house", "people", "team", "tokens"]
