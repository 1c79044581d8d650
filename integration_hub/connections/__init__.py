"""Who we may speak for: connections to providers, their keys and grants, and the fields that keep those secret."""
