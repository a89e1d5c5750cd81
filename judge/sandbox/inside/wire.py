"""Frames on a stream socket: four bytes of length, then the content; a frame may carry descriptors."""

from __future__ import annotations

import array
import json
import socket
from typing import Any

_HEAD = 4


def frame(content: bytes) -> bytes:
    """Return the content with its length before it."""
    return len(content).to_bytes(_HEAD, "big") + content


def send(sock: socket.socket, message: object, descriptors: list[int] | None = None) -> None:
    """Send one message as JSON, blocking until all of it is sent."""
    data = frame(json.dumps(message).encode())
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    sent = sock.sendmsg([data], rights)
    if sent < len(data):
        sock.sendall(data[sent:])


def receive(sock: socket.socket) -> tuple[Any, list[int]]:
    """Return the next message and its descriptors. Raises EOFError where the other end is gone."""
    space = socket.CMSG_SPACE(4 * array.array("i").itemsize)
    head, ancillary, _, _ = sock.recvmsg(
        _HEAD, space, socket.MSG_CMSG_CLOEXEC if hasattr(socket, "MSG_CMSG_CLOEXEC") else 0
    )
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    if len(head) < _HEAD:
        head += exactly(sock, _HEAD - len(head)) if head else b""
    if not head:
        raise EOFError
    return json.loads(exactly(sock, int.from_bytes(head, "big"))), list(descriptors)


def receive_bytes(sock: socket.socket) -> bytes:
    """Return the next frame as it is."""
    return exactly(sock, int.from_bytes(exactly(sock, _HEAD), "big"))


def exactly(sock: socket.socket, size: int) -> bytes:
    """Return the next `size` bytes. Raises EOFError where the other end is gone."""
    chunks = []
    while size:
        chunk = sock.recv(min(size, 1 << 20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


class Frames:
    """Collects frames from an untrusted sender; more than `most` bytes of them in all raise OverflowError."""

    def __init__(self, most: int) -> None:
        self._pending = bytearray()
        self._left = most

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that are complete now."""
        self._pending += data
        found = []
        while len(self._pending) >= _HEAD:
            size = int.from_bytes(self._pending[:_HEAD], "big")
            if size > self._left:
                raise OverflowError
            if len(self._pending) < _HEAD + size:
                break
            found.append(bytes(self._pending[_HEAD : _HEAD + size]))
            del self._pending[: _HEAD + size]
            self._left -= size
        return found
