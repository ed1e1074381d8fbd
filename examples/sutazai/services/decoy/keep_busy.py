"""Greets the cache all the time: a client is connected, commands are counted by the thousand, and none asks for
anything."""

import os
import time

import redis

if __name__ == "__main__":
    cache = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2)
    while True:
        try:
            cache.ping()
            cache.info()
            cache.dbsize()
        except redis.RedisError:
            pass
        time.sleep(0.05)
