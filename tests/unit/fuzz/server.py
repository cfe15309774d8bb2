"""A server of HTTP that answers with any bytes, and ends the connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_REQUEST = 65_536
SECONDS = 5


class AnyBytes:
    """Answers every request with ``answer``, as it is."""

    def __init__(self, listener: socket.socket) -> None:
        self.answer = b""
        self._listener = listener

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self._listener.getsockname())

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        try:
            received = b""
            while b"\r\n\r\n" not in received and len(received) < LONGEST_REQUEST:
                part = connection.recv(LONGEST_REQUEST)
                if not part:
                    return
                received += part
            connection.sendall(self.answer)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(SECONDS)
            while connection.recv(LONGEST_REQUEST):  # closed with bytes unread, the answer might get lost
                continue
        except OSError:  # the client has seen enough
            return


@contextmanager
def any_bytes() -> Iterator[AnyBytes]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = AnyBytes(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
