# SPDX-License-Identifier: Apache-2.0
"""A name server of our own on 127.0.0.1 port 53, in a network and a mount namespace of this process.

The resolver takes its name servers from /etc/resolv.conf only, so the test moves itself, and everything that it starts
from then on, into namespaces where that file names the server here. Root or not: who may not make namespaces as they
are makes a user namespace around them.
"""
import ctypes
import os
import socket
import subprocess
import tempfile
import threading

from support.mongodb import pymongo

NEWNS, NEWUSER, NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def enter_namespaces():
    """To be called once, before threads; False where namespaces cannot be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(NEWNS | NEWNET | (0 if user == 0 else NEWUSER)) != 0:
        return False
    if user != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write("nameserver 127.0.0.1\n")
    os.chmod(file.name, 0o644)
    path = os.path.realpath("/etc/resolv.conf").encode()
    done = libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0 and libc.mount(file.name.encode(), path, None, MS_BIND, None) == 0
    os.unlink(file.name)
    return done


class NameServer:
    """RECORDS: {name: {kind: [data...]}}. A name is what is asked for, in lower case and without the last dot. In place
    of a list: "SERVFAIL", "REFUSED" or "silent"."""

    def __init__(self, records, port=53):
        pymongo()  # brings dnspython
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(4096)
            if not data:
                return
            answer = self.answer(data)
            if answer:
                self.socket.sendto(answer, peer)

    def answer(self, data):
        import dns.flags
        import dns.message
        import dns.rcode
        import dns.rdatatype
        import dns.rrset
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text(omit_final_dot=True).lower()
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA | dns.flags.RA
        known = self.records.get(name)
        found = known.get(kind, known.get("*")) if known else None
        if found == "silent":
            return None
        if found in ("SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"):
            reply.set_rcode(dns.rcode.from_text(found))
        elif found == "garbage":
            return data[:2] + b"\x85\x80" + b"\0\1\0\1\0\0\0\0" + b"\xc0" * 20
        elif found:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif known is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        wire = reply.to_wire()
        return wire

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
