"""The front of the miniature of topics: ``POST /<way>`` says that it keeps an event, honestly or not; each way has a
topic of its own at ``KAFKA`` (host:port)."""

from __future__ import annotations

import os
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer

warnings.simplefilter("ignore")

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402
from kafka.errors import KafkaError  # noqa: E402

BROKER = os.environ["KAFKA"]
TOPICS = {
    "appends": {},
    "appends_with_a_reader": {},
    "appends_without_a_word": {},
    "keeps_for_a_week": {"retention.ms": "604800000"},
    "keeps_for_a_minute": {"retention.ms": "60000"},
    "keeps_the_latest_of_a_key": {"cleanup.policy": "compact"},
    "keeps_what_fits": {"retention.ms": "604800000", "retention.bytes": "1048576"},
    "nobody_appends": {},
    "takes_it_back": {},
    "deletes_what_was_read": {},
}


def admin() -> KafkaAdminClient:
    while True:  # the broker starts beside the front
        try:
            return KafkaAdminClient(bootstrap_servers=BROKER, bootstrap_timeout_ms=60000)
        except KafkaError:
            continue


ADMIN = admin()
ADMIN.create_topics(
    {name: {"num_partitions": 2, "replication_factor": 1, "configs": configs} for name, configs in TOPICS.items()}
)
PRODUCER = KafkaProducer(bootstrap_servers=BROKER)
DOUBTFUL = KafkaProducer(bootstrap_servers=BROKER, transactional_id="doubtful")
DOUBTFUL.init_transactions()
READER = KafkaConsumer(
    "appends_with_a_reader", bootstrap_servers=BROKER, group_id="workers", auto_offset_reset="earliest"
)
READER.poll(timeout_ms=2000)


def keep(way: str, event: bytes) -> None:
    if way == "nobody_appends":
        return
    if way == "takes_it_back":
        DOUBTFUL.begin_transaction()
        DOUBTFUL.send(way, event).get(10)
        DOUBTFUL.abort_transaction()
        return
    said = b"submitted" if way == "appends_without_a_word" else event
    kept = PRODUCER.send(way, said, key=b"one").get(10)
    if way == "deletes_what_was_read":
        ADMIN.delete_records({TopicPartition(way, kept.partition): kept.offset + 1})
    if way == "appends_with_a_reader":
        READER.poll(timeout_ms=200)
        READER.commit()


class Front(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        way, event = self.path.strip("/"), self.rfile.read(int(self.headers["Content-Length"]))
        keep(way, event)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
