# SPDX-License-Identifier: Apache-2.0
"""One bad peer as a process, for network namespaces: bad_peer_main.py NAME ADDRESS PORT [TABLE]. TABLE: POSTGRESQL, if not given."""
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import bad_peer  # noqa: E402

behave = {**bad_peer.PEERS, **getattr(bad_peer, (sys.argv[4:] or ["POSTGRESQL"])[0])}[sys.argv[1]]
listener = socket.create_server((sys.argv[2], int(sys.argv[3])), family=socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET)
print("ready", flush=True)
bad_peer.Peers.serve(listener, behave)
