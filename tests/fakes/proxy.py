"""A TCP proxy that misbehaves on purpose: cuts after so many bytes, delays, or refuses."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class FaultyProxy:
    """Forwards one local port to another. Change the switches at any time; they hold for new bytes.

    `cut_after_bytes` counts what clients send on one connection; `cuts` is how many connections are cut before the
    line stays whole. `sent_bytes` counts everything clients have sent, `connections` how often they came.
    """

    target: int
    cut_after_bytes: int | None = None
    cuts: int = 1_000_000
    delay_s: float = 0.0
    refuse: bool = False
    sent_bytes: int = 0
    connections: int = 0
    port: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> FaultyProxy:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Cut every connection that is open now."""
        for link in self._open:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.delay_s:
                    time.sleep(self.delay_s)
                limit = self.cut_after_bytes
                if upward and limit is not None and self.cuts > 0 and passed + len(data) > limit:
                    sink.sendall(data[: limit - passed])
                    self.sent_bytes += limit - passed
                    self.cuts -= 1
                    break
                sink.sendall(data)
                passed += len(data)
                if upward:
                    self.sent_bytes += len(data)
        for link in (source, sink):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
