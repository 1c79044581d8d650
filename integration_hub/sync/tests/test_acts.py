"""Acts: done once, asked about when in doubt, never repeated blindly."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction

from integration_hub.contract import Action, Answer, AuthFailed, RateLimited, Rejected, TransientError
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import acts, outbox
from integration_hub.sync.models import ActionRow
from integration_hub.sync.models.work import ActState
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import connection_of, drain
from integration_hub.sync.tests.test_kills import Killed

pytestmark = pytest.mark.engine


@dataclass
class Post:
    """A remote that counts what was sent, by key."""

    sent: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    late: bool = False  # the effect happens before the error
    knows: bool | None = True
    asked: int = 0


POST = Post()


class Send(Action):
    key = "send"
    label = "Send"

    def perform(self, client, given, key):
        if POST.errors and not POST.late:
            raise POST.errors.pop(0)
        if not (self.key_ttl and key in POST.sent):
            POST.sent.append(key)
        if POST.errors:
            raise POST.errors.pop(0)
        return {"sent": key}

    def ask(self, client, given, key, begun_at):
        POST.asked += 1
        return Answer(None) if POST.knows is None else Answer(key in POST.sent, {"found": key})


class SendWithKey(Send):
    key = "send_with_key"
    key_ttl = 3600.0


@pytest.fixture
def remote(world, monkeypatch) -> Iterator[Post]:
    monkeypatch.setattr(toy.Toy, "actions", (Send(), SendWithKey()))
    POST.__init__()  # type: ignore[misc]  # as new
    yield POST


def request(world, action="send", **options) -> ActionRow:
    with transaction.atomic():
        return acts.request(connection_of(world), action, {"to": "x"}, actor="tests", **options)


def state(row) -> str:
    row.refresh_from_db()
    return row.state


def much_later(row) -> str:
    with clock.shifted(timedelta(minutes=20)):
        drain()
    return state(row)


def test_an_act_is_done_and_its_result_kept(world, remote):
    row = request(world)
    drain()
    assert state(row) == ActState.DONE
    assert row.result == {"sent": str(row.pk)}
    drain()
    assert len(remote.sent) == 1


def test_a_request_repeated_with_its_key_is_one_act(world, remote):
    row = request(world)
    again = request(world, key=row.pk)
    drain()
    assert again.pk == row.pk
    assert remote.sent == [str(row.pk)]


def test_requests_belong_into_a_transaction(world, remote):
    with pytest.raises(outbox.OutsideTransaction):
        acts.request(connection_of(world), "send", {}, actor="tests")


@pytest.mark.parametrize("late", [False, True])
def test_killed_during_the_call_it_is_asked_about_and_never_done_twice(world, remote, late):
    row = request(world)
    remote.errors, remote.late = [Killed()], late
    with pytest.raises(Killed):
        drain()
    assert much_later(row) == ActState.DONE
    assert remote.asked == 1
    assert remote.sent == [str(row.pk)]


def test_timed_out_after_the_effect_the_answer_settles_it(world, remote):
    row = request(world)
    remote.errors, remote.late = [TransientError("No answer.", unsure=True)], True
    drain()
    assert state(row) == ActState.ASKING
    assert much_later(row) == ActState.DONE
    assert remote.sent == [str(row.pk)]
    assert row.result == {"found": str(row.pk)}


def test_with_a_live_key_repeating_is_the_same_act(world, remote):
    row = request(world, "send_with_key")
    remote.errors, remote.late = [TransientError("No answer.", unsure=True)], True
    drain()
    assert much_later(row) == ActState.DONE
    assert (remote.asked, remote.sent) == (0, [str(row.pk)])


def test_past_the_keys_life_the_provider_is_asked(world, remote):
    row = request(world, "send_with_key")
    remote.errors, remote.late = [TransientError("No answer.", unsure=True)], True
    drain()
    with clock.shifted(timedelta(hours=2)):
        drain()
    assert state(row) == ActState.DONE
    assert remote.asked == 1


def test_a_replayed_failure_under_a_key_is_asked_about(world, remote):
    row = request(world, "send_with_key")
    remote.late = True
    remote.errors = [TransientError("No answer.", unsure=True), TransientError("Stored failure.", status=500)]
    drain()
    assert much_later(row) == ActState.DONE
    assert remote.asked == 1


def test_when_nobody_can_tell_a_person_decides_it_arrived(world, remote):
    row = request(world)
    remote.errors, remote.late, remote.knows = [TransientError("No answer.", unsure=True)], True, None
    drain()
    assert much_later(row) == ActState.UNKNOWN
    assert Problem.everywhere.filter(key=f"act:{row.pk}:unknown", closed_at=None).exists()
    acts.it_arrived(row)
    assert state(row) == ActState.DONE
    assert not Problem.everywhere.filter(key=f"act:{row.pk}:unknown", closed_at=None).exists()


def test_when_nobody_can_tell_a_person_may_send_again(world, remote):
    row = request(world)
    remote.errors, remote.knows = [TransientError("No answer.", unsure=True)], None
    drain()
    assert much_later(row) == ActState.UNKNOWN
    acts.send_again(row)
    drain()
    assert state(row) == ActState.DONE
    assert remote.sent == [str(row.pk)]


def test_too_late_is_not_sent(world, remote):
    row = request(world, not_after=clock.now() - timedelta(minutes=1))
    drain()
    assert state(row) == ActState.DEAD
    assert "Too late" in row.sentence
    assert remote.sent == []


def test_a_refusal_is_final_and_a_hiccup_is_not(world, remote):
    refused = request(world)
    remote.errors = [Rejected("Not a phone number.")]
    drain()
    assert (state(refused), refused.sentence) == (ActState.DEAD, "Not a phone number.")
    row = request(world)
    remote.errors = [TransientError("Busy.", status=503)]
    drain()
    assert state(row) == ActState.DUE
    assert much_later(row) == ActState.DONE


def test_a_lost_key_keeps_the_act_until_the_reconnect(world, remote):
    row = request(world)
    remote.errors = [AuthFailed("The key was withdrawn.")]
    drain()
    assert state(row) == ActState.DUE
    assert connection_of(world).status == "needs_reconnect"


def test_a_rate_limit_waits_and_then_sends(world, remote):
    row = request(world)
    remote.errors = [RateLimited("Slow down.", retry_after=30)]
    drain()
    assert state(row) == ActState.DUE
    assert much_later(row) == ActState.DONE


def test_a_bug_is_a_question_for_people_with_a_traceback(world, remote):
    row = request(world)
    remote.errors = [ZeroDivisionError("planted")]
    drain()
    assert state(row) == ActState.UNKNOWN
    assert "ZeroDivisionError" in row.trace


def test_now_answers_at_once_and_leaves_a_question_when_it_times_out(world, remote):
    row = acts.perform_now(connection_of(world), "send", {"to": "x"}, actor="alice")
    assert (row.state, row.result) == (ActState.DONE, {"sent": str(row.pk)})
    remote.errors, remote.late = [TransientError("No answer.", unsure=True)], True
    slow = acts.perform_now(connection_of(world), "send", {"to": "y"}, actor="alice")
    assert slow.state == ActState.ASKING
    assert much_later(slow) == ActState.DONE
    assert len(remote.sent) == 2


def test_now_killed_in_the_request_is_asked_about_by_a_worker(world, remote):
    remote.errors, remote.late = [Killed()], True
    with pytest.raises(Killed):
        acts.perform_now(connection_of(world), "send", {"to": "x"}, actor="alice")
    drain()
    row = ActionRow.everywhere.get()
    assert row.state == ActState.ASKING
    assert much_later(row) == ActState.DONE
    assert len(remote.sent) == 1


def test_an_action_nobody_declared_is_refused_when_requested(world, remote):
    with pytest.raises(KeyError):
        request(world, "fly")
