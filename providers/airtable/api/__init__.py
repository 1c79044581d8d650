"""Airtable's addresses in the hub's API, below /api/integrations/airtable/: what there is, making tables, fields and
records there, and setting up a sync. `routes` of the declaration names the views."""
