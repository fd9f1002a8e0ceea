"""Runs a command and tells, as JSON, how long it took, what its processes used of the CPU, and how large the largest
of them grew. Usage: measure.py SECONDS LOG COMMAND…; the command is killed when the seconds are over."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

patience, log, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
start = time.monotonic()
with open(log, "wb") as output:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def end(*_):
    os.killpg(child.pid, signal.SIGKILL)


signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
try:
    status = child.wait(patience)
except subprocess.TimeoutExpired:
    end()
    child.wait()
    status = "timeout"
seconds = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(
    json.dumps(
        {
            "status": status,
            "seconds": seconds,
            "cpu": used.ru_utime + used.ru_stime,
            "rss": used.ru_maxrss * unit,
        }
    )
)
