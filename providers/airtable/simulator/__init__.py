"""Airtable, imitated: bases, tables, records, keys, limits and refusals as its web API has them."""
