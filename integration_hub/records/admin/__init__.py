"""The admin's pages of records. They call the services; what those refuse is shown on the fields."""

from integration_hub.records.admin import customers, events, orders, places, tickets

__all__ = ["customers", "events", "orders", "places", "tickets"]
