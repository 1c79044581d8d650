"""The REST API of the company's records, its integrations and their runs, and the document that describes it."""
