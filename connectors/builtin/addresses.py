"""Which addresses an outward call may reach: checks where the name resolves, then connects to what was checked.

A model may hold any URL. Checking the name and leaving the connection to resolve it again would let a name change its
address in between (DNS rebinding); so the check sits where the socket is opened, and redirects pass it too.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given to the public internet; `is_global` also holds for old forms of private addresses, such as
`::127.0.0.1` and `fec0::1`."""


class AddressRefused(Exception):
    """The host resolves to an address that connectors may not call."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, addresses embedded in IPv6 included."""
    parsed = ip_address(address.split("%")[0])
    if isinstance(parsed, IPv6Address):
        embedded = _embedded(parsed)
        if embedded is not None:
            parsed = embedded
        elif parsed not in _GLOBAL_UNICAST:
            return False
    return parsed.is_global and not parsed.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class CheckedBackend(httpcore.NetworkBackend):
    """Opens sockets for httpcore, to checked addresses only. TLS still verifies the name of the URL."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises AddressRefused where any address of the host is not allowed, httpcore.ConnectError otherwise."""
        addresses = self._resolve(host, port)
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise AddressRefused(
                        f"Expected host '{host}' to have public addresses, but it resolves to '{address}'; "
                        f"private ones must be allowed explicitly"
                    )
        failure: Exception | None = None
        for address in addresses:
            try:
                return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"Expected host '{host}' to have an address, but it has none")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise AddressRefused("Expected a host, but got a local socket")

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)

    @staticmethod
    def _resolve(host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"Expected host '{host}' to resolve, but {error}") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
