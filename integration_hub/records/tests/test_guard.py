"""No write past the services: every model × every way of writing."""

import threading

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.db import models, transaction
from django.db.models import ProtectedError

from integration_hub.records import guard
from integration_hub.records.guard import WritePastServices
from integration_hub.records.models import RECORDS, Customer, Staff
from integration_hub.records.services import customers, staff

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def again(record):
    """The same record under a new id."""
    twin = type(record).everywhere.get(pk=record.pk)
    twin.pk = None
    twin._state.adding = True
    return twin


def changes(record):
    return {"deleted_at": record.created_at}


# A name, and how to try it on a manager (or queryset) and a record.
ON_MANAGERS = {
    "create": lambda m, r: m.create(company_id=r.company_id),
    "acreate": lambda m, r: run(m.acreate, company_id=r.company_id),
    "bulk_create": lambda m, r: m.bulk_create([again(r)]),
    "bulk_create, updating": lambda m, r: m.bulk_create(
        [again(r)], update_conflicts=True, update_fields=["deleted_at"], unique_fields=["id"]
    ),
    "bulk_update": lambda m, r: m.bulk_update([r], ["deleted_at"]),
    "get_or_create": lambda m, r: m.get_or_create(pk=r.pk),
    "update_or_create": lambda m, r: m.update_or_create(pk=r.pk, defaults=changes(r)),
    "aupdate_or_create": lambda m, r: run(m.aupdate_or_create, pk=r.pk, defaults=changes(r)),
    "update": lambda m, r: m.update(**changes(r)),
    "aupdate": lambda m, r: run(m.aupdate, **changes(r)),
    "filter().update": lambda m, r: m.filter(pk=r.pk).update(**changes(r)),
    "all().delete": lambda m, r: m.all().delete(),
    "adelete": lambda m, r: run(m.all().adelete),
    "select_for_update().update": lambda m, r: m.select_for_update().update(**changes(r)),
    "values().update": lambda m, r: m.values("pk").update(**changes(r)),
    "_raw_delete": lambda m, r: m.all()._raw_delete("default"),
    "_update": lambda m, r: m.all()._update([]),
    "raw": lambda m, r: list(m.raw(f"UPDATE {r._meta.db_table} SET deleted_at = created_at RETURNING *")),
    "in a slice": lambda m, r: m.using("default").bulk_update([r], ["deleted_at"]),
}
ON_RECORDS = {
    "save": lambda r: r.save(),
    "save(update_fields)": lambda r: r.save(update_fields=["deleted_at"]),
    "save_base": lambda r: r.save_base(),
    "save_base(raw)": lambda r: r.save_base(raw=True),
    "models.Model.save_base": lambda r: models.Model.save_base(r, raw=True),
    "save of a new one": lambda r: again(r).save(force_insert=True),
    "asave": lambda r: run(r.asave),
    "delete": lambda r: r.delete(),
    "adelete": lambda r: run(r.adelete),
    "a fixture": lambda r: next(serializers.deserialize("json", serializers.serialize("json", [r]))).save(),
}
MANAGERS = ("objects", "everywhere", "_default_manager", "_base_manager")


def run(method, *args, **kwargs):
    """Call an async method to its end."""

    async def main():
        return await method(*args, **kwargs)

    return async_to_sync(main)()


def rows():
    return {model: list(model.everywhere.order_by("pk").values()) for model in RECORDS}


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_no_way_of_writing_gets_past_the_guard(model, everything, entered):
    record = everything()[model.__name__]
    before = rows()
    ways = [
        *((f"{name}.{way}", lambda m=name, w=act: w(getattr(model, m), record)) for name in MANAGERS
          for way, act in ON_MANAGERS.items()),
        *((f"record.{way}", lambda w=act: w(record)) for way, act in ON_RECORDS.items()),
        *related_ways(model, record),
    ]  # fmt: skip
    open_ways = []
    for name, act in ways:
        try:
            with transaction.atomic():
                act()
        except WritePastServices:
            continue
        open_ways.append(name)
    assert open_ways == []
    assert rows() == before


def related_ways(model, record):
    """Through the managers that records have of each other."""
    for relation in model._meta.related_objects:
        others = getattr(record, relation.get_accessor_name())
        other = relation.related_model.everywhere.get()
        name = relation.get_accessor_name()
        for way, act in ON_MANAGERS.items():
            yield f"{name}.{way}", lambda w=act, m=others, r=other: w(m, r)
        yield f"{name}.add", lambda m=others, r=other: m.add(r)
        yield f"{name}.add(bulk=False)", lambda m=others, r=other: m.add(r, bulk=False)
        if relation.field.null:
            yield f"{name}.remove", lambda m=others, r=other: m.remove(r)
            yield f"{name}.clear", lambda m=others: m.clear()
            yield f"{name}.set", lambda m=others: m.set([])


def test_a_cascade_from_outside_stops_before_records(everything, company, alice):
    made = everything()
    staff.update(made["Staff"], {"user": alice})
    with pytest.raises(ProtectedError):
        company.delete()
    with pytest.raises(ProtectedError):
        alice.delete()
    assert Staff.everywhere.get().user == alice


def test_the_guard_is_open_only_here_and_only_now(company, entered):
    ana = customers.create(company, {"name": "Ana"})
    found = []
    with guard.writing():
        thread = threading.Thread(target=lambda: found.append(guard._open.get()))
        thread.start()
        thread.join()
        Customer.everywhere.filter(pk=ana.pk).update(name="Bea")
    assert found == [False]
    with pytest.raises(ZeroDivisionError), guard.writing():
        raise ZeroDivisionError
    with pytest.raises(WritePastServices):
        ana.save()
    assert Customer.objects.get().name == "Bea"


def test_reading_is_free(everything, entered):
    everything()
    for model in RECORDS:
        assert model.objects.count() == len(list(model.objects.all())) == 1
        assert model.objects.filter(pk__in=[]).exists() is False
        assert model.objects.values_list("pk", flat=True).get() == model.objects.get().pk
