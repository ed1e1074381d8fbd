"""Looks after one service, `keep.py SERVICE.py`: when it ends, however it does, it is started again."""

import signal
import subprocess
import sys
import time

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    while True:
        with subprocess.Popen([sys.executable, *sys.argv[1:]]) as service:
            try:
                service.wait()
            finally:
                service.terminate()
        time.sleep(0.2)
