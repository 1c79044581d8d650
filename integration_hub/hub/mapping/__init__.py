"""The mapping page: what is known of the table, what somebody typed, and how both are shown."""
