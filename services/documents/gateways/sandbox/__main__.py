"""The nursery: one prepared process of one thread, without environment, that has every library loaded and forks a child for each file.

Its standard input is a socket. Each message is a JSON object, the limits, and brings three descriptors: the file, sealed; a socket on which
the child is asked and answers; and a line of life, on which status and peak of memory follow when the child has ended. Who closes the
other end of that line early wants the child killed; who closes standard input wants the nursery to end. It imports nothing of the project.
"""

import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image
from tesserocr import PyTessBaseAPI

from . import child, reading

_NICENESS = 10
"""People who wait for an answer come first."""
_MESSAGE = 4096
_DESCRIPTORS = 3
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(slots=True)
class Life:
    """A child that runs, and the line on which its end is told."""

    pid: int
    pidfd: int
    line: socket.socket
    is_over: bool = False


def main() -> None:
    """Fork for everybody who asks, until nobody can ask any more. Arguments: folder and languages of the recogniser, if any."""
    os.nice(_NICENESS)
    _die_with_the_parent()
    Image.MAX_IMAGE_PIXELS = None  # the limit of pixels is exact and names the size
    Image.init()
    asked = socket.socket(fileno=0)
    api = reading.recogniser(*sys.argv[1:]) if sys.argv[1:] else None
    with selectors.DefaultSelector() as selector:
        selector.register(asked, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is asked:
                    if not _begin(asked, selector, api):
                        return
                elif not key.data.is_over:
                    _end(key.data, selector, is_wanted=key.fd == key.data.pidfd)


def _die_with_the_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _begin(asked: socket.socket, selector: selectors.BaseSelector, api: PyTessBaseAPI | None) -> bool:
    """False when there is nobody left who could ask."""
    message, descriptors, _, _ = socket.recv_fds(asked, _MESSAGE, _DESCRIPTORS)
    if not message:
        return False
    content, talk, line = descriptors
    limits = json.loads(message)
    if threading.active_count() != 1:
        raise SystemExit("only a process of one thread may fork")
    pid = os.fork()
    if pid == 0:
        _die_with_the_parent()
        child.serve(content, talk, limits, api)
    os.close(content)
    os.close(talk)
    life = Life(pid, os.pidfd_open(pid), socket.socket(fileno=line))
    selector.register(life.pidfd, selectors.EVENT_READ, life)
    selector.register(life.line, selectors.EVENT_READ, life)
    return True


def _end(life: Life, selector: selectors.BaseSelector, *, is_wanted: bool) -> None:
    """A child has ended, or nobody waits for it any more."""
    life.is_over = True
    selector.unregister(life.line)
    if not is_wanted:
        signal.pidfd_send_signal(life.pidfd, signal.SIGKILL)
    selector.unregister(life.pidfd)
    _, status, used = os.wait4(life.pid, 0)
    os.close(life.pidfd)
    told = {"status": os.waitstatus_to_exitcode(status), "peak_bytes": used.ru_maxrss * 1024}
    with life.line, suppress(OSError):
        life.line.sendall(json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
