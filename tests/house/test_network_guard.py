"""No test reaches another machine, nor does a program that a test starts."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys

import pytest

from tests.support.network import BeyondLoopback, is_loopback
from tests.support.ports import HIGHEST, HOST, LOWEST, free_port
from tests.support.processes import program_environ

# A block for documentation (RFC 5737): no machine has this address.
ELSEWHERE = "192.0.2.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "", None, b"127.0.0.1"])
def test_loopback(host: object) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [ELSEWHERE, "10.0.0.1", "example.org", "::2"])
def test_not_loopback(host: object) -> None:
    assert not is_loopback(host)


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as client:
        with pytest.raises(BeyondLoopback):
            client.connect((ELSEWHERE, 80))
        with pytest.raises(BeyondLoopback):
            client.connect_ex((ELSEWHERE, 80))


def test_sending_elsewhere_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(BeyondLoopback):
        client.sendto(b"x", (ELSEWHERE, 53))


def test_looking_up_names_is_refused() -> None:
    with pytest.raises(BeyondLoopback):
        http.client.HTTPConnection("example.org").connect()


def test_this_machine_is_reached() -> None:
    with socket.create_server((HOST, 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_a_program_that_a_test_starts_is_guarded_too() -> None:
    code = f"import socket; socket.socket().connect(('{ELSEWHERE}', 80))"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=program_environ({}), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "BeyondLoopback" in ended.stderr


def test_free_ports_are_below_the_kernels_own_range() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 15
    assert all(LOWEST <= port < HIGHEST < 32_768 for port in ports)
