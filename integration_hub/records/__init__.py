"""THE COMPANY'S OWN RECORDS: branches, staff, customers, events, tickets, orders, appointments.

`services` are the only writers (see guard.py); every change queues what must be told to the outside in its own
transaction. `record_types` tells the engine what there is to sync.
"""
