"""Create virtual hosts in a broker: ``prepare.py MANAGEMENT_URL VHOST...``."""

from __future__ import annotations

import sys

from api import Api

if __name__ == "__main__":
    for vhost in sys.argv[2:]:
        Api(sys.argv[1]).vhost(vhost)
