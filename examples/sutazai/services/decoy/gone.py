"""A worker whose log reads well until it stops: the process is gone a moment after it said it was ready."""

import logging
import os
import sys
import time

NAME = os.environ.get("NAME", "worker")
logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {NAME}: %(message)s")
log = logging.getLogger(NAME)

log.info("connected to RabbitMQ, consuming from tasks")
log.info("ready")
time.sleep(0.5)
log.error("unhandled error in the consumer loop, stopping")
sys.exit(3)
