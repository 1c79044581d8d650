"""Connecting by signing in at the provider: allauth's dance, danced for a company and not for a person."""
