"""Tests of Airtable."""
