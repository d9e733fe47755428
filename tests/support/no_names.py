# SPDX-License-Identifier: Apache-2.0
"""A name server on 127.0.0.1 port 53 that knows no name (NXDOMAIN), for a network namespace."""
import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    while True:
        query, peer = server.recvfrom(4096)
        end = query.index(b"\0", 12) + 5  # the question's name, type and class
        server.sendto(query[:2] + b"\x85\x83" + b"\0\1" + bytes(6) + query[12:end], peer)
