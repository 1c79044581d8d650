"""What the engine may sync: each kind of record with its fields, and how they are read."""

from integration_hub.contract.records import RecordType
from integration_hub.records.record_types.customers import CUSTOMER
from integration_hub.records.record_types.events import EVENT
from integration_hub.records.record_types.order_items import ORDER_ITEM
from integration_hub.records.record_types.orders import ORDER
from integration_hub.records.record_types.places import APPOINTMENT, BRANCH, STAFF
from integration_hub.records.record_types.tickets import TICKET

RECORD_TYPES: tuple[RecordType, ...] = (ORDER, ORDER_ITEM, CUSTOMER, EVENT, TICKET, APPOINTMENT, BRANCH, STAFF)
