"""Whatever is done in whatever order: ids stay unique, empty cells stay away, and the answers tell the truth."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from integration_hub.sandbox.wire import Request, Response
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.simulator.tests.parts import Kept

TEXTS = st.sampled_from(["", "a", "b", "c", "ü"])
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "Hub ID": TEXTS,
        "Total": st.one_of(st.none(), st.integers(0, 3), st.just("wrong")),
        "Status": st.sampled_from([None, "Sent", "Pending", "Unheard of"]),
        "Items": TEXTS,
    },
)
ROWS = st.lists(CELLS, min_size=1, max_size=11)


class Orders(RuleBasedStateMachine):
    """A plain dictionary is kept beside the simulator; refused requests must change nothing."""

    records = Bundle("records")

    def __init__(self) -> None:
        super().__init__()
        self.sim = AirtableSimulator()
        self.sim.command("limits", per_base=10**9, per_user=10**9)
        self.expected: dict[str, dict[str, Any]] = {}
        self.kept = Kept()

    def ask(self, method: str, path: str = "Orders", body: Any = None, ids: tuple[str, ...] = ()) -> Any:
        """The answer's JSON, None for a refusal."""
        admitted = self.sim.admit(
            Request(
                method=method,
                path=f"v0/{demo.SALES}/{path}",
                query=tuple(("records[]", each) for each in ids),
                headers={"authorization": f"Bearer {self.sim.token('demo')}"},
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )
        answer = admitted if isinstance(admitted, Response) else admitted()
        assert answer.status in (200, 404, 422)
        return json.loads(answer.body) if answer.status == 200 else None

    def keep(self, records: list[dict[str, Any]]) -> None:
        self.expected.update({record["id"]: record["fields"] for record in records})

    @rule(target=records, rows=ROWS)
    def create(self, rows: list[dict[str, Any]]) -> Any:
        answer = self.ask("POST", body={"records": [{"fields": row} for row in rows]})
        if answer is None:
            return multiple()
        ids = [record["id"] for record in answer["records"]]
        assert not set(ids) & set(self.expected), "an id is never given twice"
        self.keep(answer["records"])
        return multiple(*ids)

    @rule(record=records, cells=CELLS, method=st.sampled_from(["PATCH", "PUT"]))
    def update(self, record: str, cells: dict[str, Any], method: str) -> None:
        if answer := self.ask(method, body={"records": [{"id": record, "fields": cells}]}):
            before = self.expected[record] if method == "PATCH" else {}
            merged = {**before, **cells}
            assert answer["records"][0]["fields"] == {key: v for key, v in merged.items() if v not in (None, "")}
            self.keep(answer["records"])

    @rule(target=records, rows=ROWS, typecast=st.booleans())
    def upsert(self, rows: list[dict[str, Any]], typecast: bool) -> Any:
        body = {
            "records": [{"fields": row} for row in rows],
            "performUpsert": {"fieldsToMergeOn": ["Hub ID"]},
            "typecast": typecast,
        }
        answer = self.ask("PATCH", body=body)
        if answer is None:
            return multiple()
        known = set(self.expected)
        assert not set(answer["createdRecords"]) & known
        assert set(answer["updatedRecords"]) <= known
        assert len(answer["createdRecords"]) + len(answer["updatedRecords"]) == len(rows)
        for row, record in zip(rows, answer["records"], strict=True):
            there = [key for key, cells in self.expected.items() if cells.get("Hub ID", "") == row["Hub ID"]]
            assert there == [record["id"]] or (not there and record["id"] in answer["createdRecords"])
        self.keep(answer["records"])
        return multiple(*answer["createdRecords"])

    @rule(record=records)
    def duplicate(self, record: str) -> None:
        if record in self.expected:
            self.keep([self.sim.command("duplicate", record=record)])

    @rule(chosen=st.lists(records, min_size=1, max_size=4))
    def delete(self, chosen: list[str]) -> None:
        if self.ask("DELETE", ids=tuple(chosen)):
            for record in chosen:
                self.expected.pop(record, None)
        else:
            assert set(chosen) - set(self.expected), "only a missing row is a reason to refuse"

    @invariant()
    def what_is_there_is_what_was_answered(self) -> None:
        rows = self.sim.rows()
        assert len({row["id"] for row in rows}) == len(rows)
        assert {row["id"]: row["fields"] for row in rows} == self.expected

    @invariant()
    def no_cell_is_empty(self) -> None:
        for row in self.sim.rows():
            assert not [value for value in row["fields"].values() if value in (None, "", []) or value is False]

    @invariant()
    def it_reads_back(self) -> None:
        again = AirtableSimulator()
        again.load(json.loads(json.dumps(self.sim.dump())))
        assert again.rows() == self.sim.rows()

    @invariant()
    def its_parts_are_the_whole(self) -> None:
        assert self.kept.after(self.sim).dump() == self.sim.dump()

    @invariant()
    def filters_find_what_is_there(self) -> None:
        for text in ("a", "ü"):
            found = self.ask("POST", "Orders/listRecords", {"filterByFormula": f"{{Hub ID}}='{text}'"})
            there = {key for key, cells in self.expected.items() if cells.get("Hub ID") == text}
            assert {record["id"] for record in found["records"]} == there


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
