"""Airtable's webhooks: one for each base that is read as things happen, made and looked after by the hub itself."""
