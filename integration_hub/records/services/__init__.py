"""The only writers of records. Each noun's module offers create, update and delete; each is one transaction that also
recomputes what follows from the change and queues what the outside must be told.

    order = orders.create(company, {"customer": customer.pk, "items": [...]}, actor="alice")
    orders.update(order, {"status": "Sent"}, actor="alice")

`prio` says who waits: 0 a person (the default: forms and single calls), 1 a program, 2 nobody (imports). Input that is
not right raises Invalid, which names every field at once.
"""

from integration_hub.records.services.errors import Invalid

__all__ = ["Invalid"]
