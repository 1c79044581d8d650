"""Airtable: orders of the company as rows of a base."""
