"""The queue in a folder hands every message to exactly one reader, whole, however quick the readers are."""

import threading
import time
from collections import Counter
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport import filesystem

from integration_hub import folder_queue

MESSAGES = 1500


def channel_in(tmp_path, transport=folder_queue.Transport):
    for name in ("messages", "control"):
        (tmp_path / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    return Connection(transport=transport, hostname="localhost", transport_options=options).channel()


def take_all(channel, taken: list, enough: threading.Event) -> None:
    while not enough.is_set():
        try:
            taken.append(channel._get("q")["number"])
        except Empty:
            time.sleep(0.0005)


def test_every_message_arrives_once_and_whole(tmp_path):
    """Two writers and two readers at once. kombu's own channel fails here: readers meet files that are still empty."""
    taken: list[int] = []
    enough = threading.Event()
    channels = [channel_in(tmp_path) for _ in range(4)]
    readers = [threading.Thread(target=take_all, args=(channel, taken, enough)) for channel in channels[:2]]

    def put(channel, numbers):
        for number in numbers:
            channel._put("q", {"number": number, "padding": "x" * 2000})

    writers = [
        threading.Thread(target=put, args=(channels[2], range(0, MESSAGES, 2))),
        threading.Thread(target=put, args=(channels[3], range(1, MESSAGES, 2))),
    ]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    until = time.monotonic() + 20
    while len(taken) < MESSAGES and time.monotonic() < until:
        time.sleep(0.01)
    enough.set()
    for thread in readers:
        thread.join()
    assert Counter(taken) == Counter(range(MESSAGES))
    assert list((tmp_path / "messages").iterdir()) == [], "nothing is left behind"


def test_the_oldest_comes_first_and_other_queues_are_left_alone(tmp_path):
    channel = channel_in(tmp_path)
    for number in range(3):
        channel._put("q", {"number": number})
        time.sleep(0.002)
    channel._put("other", {"number": 9})
    assert [channel._get("q")["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        channel._get("q")
    assert channel._size("other") == 1


def test_a_broken_message_is_dropped_and_the_next_one_read(tmp_path, caplog):
    channel = channel_in(tmp_path)
    (tmp_path / "messages" / "000000000000000_broken.q.msg").write_text("")
    channel._put("q", {"number": 1})
    assert channel._get("q")["number"] == 1
    assert "a broken message was dropped: 000000000000000_broken.q.msg" in caplog.text
    assert list((tmp_path / "messages").iterdir()) == []


def test_a_broken_table_of_queues_is_written_again(tmp_path):
    channel = channel_in(tmp_path)
    (tmp_path / "control" / "celery.exchange").write_text("")
    assert channel.get_table("celery") == []
    channel._queue_bind("celery", "celery", "", "celery")
    channel._queue_bind("celery", "celery", "", "celery")
    assert channel.get_table("celery") == [filesystem.exchange_queue_t("celery", "", "celery")]


def test_what_was_not_whole_when_its_writer_was_killed_is_never_read(tmp_path):
    channel = channel_in(tmp_path)
    (tmp_path / "messages" / ".0123456789abcdef.new").write_text('{"num')
    with pytest.raises(Empty):
        channel._get("q")


def test_a_waiting_reader_is_woken_by_the_bell_and_not_by_the_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_queue, "LOOK", 3600.0)
    channel = channel_in(tmp_path)
    bell = folder_queue.Bell(tmp_path / "messages")
    bell.wait(0)  # listening
    woken = threading.Event()
    reader = threading.Thread(target=lambda: (bell.wait(3600.0), woken.set()), daemon=True)
    reader.start()
    assert not woken.wait(0.2)
    channel._put("q", {"number": 1})
    assert woken.wait(20)
    assert channel._get("q")["number"] == 1


def test_a_bell_that_rang_before_somebody_listened_for_it_is_not_lost(tmp_path):
    bell = folder_queue.Bell(tmp_path)
    bell.ring()  # nobody has ever listened: no harm
    assert not bell.wait(0)
    for _ in range(100_000):
        bell.ring()  # far more than a pipe holds: no harm, and nobody is held up
    assert bell.wait(3600.0)


def test_a_consumer_gets_a_message_that_is_put_while_it_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_queue, "LOOK", 3600.0)
    channel = channel_in(tmp_path)
    connection = channel.connection.client
    got: list[str] = []
    queue = Queue("q", Exchange("q", type="direct"), routing_key="q")
    with connection.Consumer(queue, callbacks=[lambda body, message: (got.append(body), message.ack())]):
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.05)
        threading.Timer(0.1, lambda: connection.Producer().publish("hello", exchange="q", routing_key="q")).start()
        connection.drain_events(timeout=30)
    assert got == ["hello"]
