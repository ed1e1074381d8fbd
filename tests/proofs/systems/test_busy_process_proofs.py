"""process.distinct where so much goes on that nobody can see who answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit import Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]


def test_who_answers_for_a_server_cannot_be_seen_beside_a_busy_one(street: object, tmp_path: Path) -> None:
    for number in (1, 2):
        street.named(f"calm-{number}", street.start())
        street.named(f"busy-{number}", street.start(BUSY=1))
        street.named(f"told-{number}", street.start(BUSY=1, BOOT="own"), identity="X-Boot")
    street.named("relay", street.start(RELAY=str(street.start(BUSY=1)).join(("127.0.0.1:", ""))))
    room = street.room(tmp_path)
    for servers in ("calm-1,relay", "busy-1,busy-2"):
        assert room.judge("process.distinct", roles={"servers": servers}).verdict is Verdict.UNVERIFIABLE, servers
    assert room.judge("process.distinct", roles={"servers": "told-1,told-2"}).verdict is Verdict.VERIFIED
