# SPDX-License-Identifier: Apache-2.0
"""Real Apache Kafka brokers (KRaft, from Maven's jars), each with as many listeners as a test needs."""
import pathlib
import random
import signal
import socket
import struct
import subprocess

from support.processes import read_exactly, wait_until
from support.program import ROOT, certificates
from support.server import Server

CLUSTER_ID = "FgT1mV3ZQyq8rD3m2p0wXA"
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %m%n
"""
taken = set()


def ingredient(name, *arguments):
    done = subprocess.run([ROOT / "tests" / "setup" / name, *arguments], check=True, capture_output=True, text=True)
    return pathlib.Path(done.stdout.strip())


def low_port(host="127.0.0.1"):
    """A free port below the range that outgoing connections take theirs from: listeners open one after the other."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randrange(20000, 31000)
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((host, port))
        except OSError:
            continue
        if port not in taken:
            taken.add(port)
            return port


class Listener:
    """PROTOCOL as the broker calls it; OPTIONS without their prefix; ADVERTISED is (host, port), None for its own."""

    def __init__(self, protocol, host="127.0.0.1", advertised=None, mechanisms=None, certificate=None, clients=None,
                 client_ca="ca", jaas=None, **options):
        self.protocol, self.host, self.port, self.advertised = protocol, host, low_port(host), advertised
        self.options = {key.replace("_", "."): value for key, value in options.items()}
        if mechanisms:
            self.options["sasl.enabled.mechanisms"] = ",".join(mechanisms)
            for mechanism in mechanisms:
                login = (jaas or {}).get(mechanism) or JAAS[mechanism]
                self.options[f"{mechanism.lower()}.sasl.jaas.config"] = login
        if certificate:
            self.options |= {"ssl.keystore.type": "PEM", "ssl.truststore.type": "PEM", "ssl.keystore.location": certificate,
                             "ssl.truststore.location": client_ca, "ssl.client.auth": clients or "none"}

    def address(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def advertised_address(self):
        if not self.advertised:
            return self.address() if ":" in self.host else f"localhost:{self.port}"
        host, port = self.advertised
        return f"{host}:{port}"


JAAS = {
    "PLAIN": 'org.apache.kafka.common.security.plain.PlainLoginModule required "user_app"="pw-app" '
             '"user_odd one"="p,w=\\\\ \u00e4";',
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "OAUTHBEARER": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
}


def escape(value):
    """A value of a Java properties file."""
    return "".join(c if " " <= c <= "~" and c != "\\" else "\\\\" if c == "\\" else f"\\u{ord(c):04x}" for c in str(value))


class Kafka(Server):
    """One broker. LISTENERS is name -> Listener; node 1 is the controller too, others name its port."""

    def __init__(self, listeners, version="4.4.0", node=1, controller=None, properties=None, jvm=(), class_path=()):
        super().__init__()
        self.ready = ingredient("kafka-node", version)
        self.node, self.version = node, version
        self.controller = controller or low_port()
        self.listeners = {"IB": Listener("PLAINTEXT"), **listeners}
        for listener in self.listeners.values():
            self.hold_pem(listener.options)
        self.copy_data()
        self.write(properties or {})
        heap = "160m" if len(listeners) > 20 else "96m"
        self.command = [
            "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Xmx{heap}", "-Xshare:auto",
            f"-XX:SharedArchiveFile={self.ready / 'classes.jsa'}", f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            *jvm, "-cp", ":".join([(self.ready / "classpath").read_text().strip(), *map(str, class_path)]), "kafka.Kafka",
            self.folder / "server.properties"]
        self.start()

    def hold_pem(self, options):
        """Certificates by their names in the cache: key and chain in one file, as the broker wants it."""
        made = certificates()
        name = options.get("ssl.keystore.location")
        if name and not isinstance(name, pathlib.Path):
            file = self.folder / f"{name}.pem"
            file.write_text((made / f"{name}.key").read_text() + (made / f"{name}.pem").read_text())
            options["ssl.keystore.location"] = file
            options["ssl.truststore.location"] = made / f"{options['ssl.truststore.location']}.pem"

    def copy_data(self):
        self.data = self.folder / "data"
        subprocess.run(["cp", "-a", self.ready / ("data" if self.node == 1 else "empty"), self.data], check=True)
        meta = self.data / "meta.properties"
        meta.write_text("\n".join(f"node.id={self.node}" if line.startswith("node.id") else line
                                  for line in meta.read_text().splitlines() if not line.startswith("directory.id")) + "\n")

    def write(self, properties):
        own = {**({"CONTROLLER": f"CONTROLLER://127.0.0.1:{self.controller}"} if self.node == 1 else {}),
               **{name: f"{name}://{one.address()}" for name, one in self.listeners.items()}}
        lines = {
            "process.roles": "broker,controller" if self.node == 1 else "broker",
            "node.id": self.node,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "IB",
            "listeners": ",".join(own.values()),
            "advertised.listeners": ",".join(f"{name}://{one.advertised_address()}" for name, one in self.listeners.items()),
            "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT", *(f"{name}:{one.protocol}" for name, one in self.listeners.items())]),
            "log.dirs": self.data,
            "offsets.topic.replication.factor": 1,
            "log.cleaner.dedupe.buffer.size": 2097152,
            "log.cleaner.io.buffer.size": 65536,
            "num.network.threads": 1,
            "num.io.threads": 2,
            "background.threads": 2,
            "broker.session.timeout.ms": 3600000,
            "sasl.kerberos.service.name": "kafka",
            **properties,
        }
        for name, one in self.listeners.items():
            lines |= {f"listener.name.{name.lower()}.{key}": value for key, value in one.options.items()}
        (self.folder / "server.properties").write_text("".join(f"{key}={escape(value)}\n" for key, value in lines.items()))
        (self.folder / "log4j2.properties").write_text(LOGGING)

    def start(self):
        self.spawn(self.command)
        wait_until(self.serves, 60, f"Kafka node {self.node}")

    def serves(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return len(brokers(self.listeners["IB"].port)) > 0
        except OSError:
            return False

    def at(self, name):
        """HOST:PORT of a listener, as a client that gets on with its certificate names it."""
        one = self.listeners[name]
        return one.address() if ":" in one.host else f"localhost:{one.port}"

    def port_of(self, name):
        return self.listeners[name].port

    def stop(self, how=signal.SIGKILL):
        super().stop(how)


def brokers(port):
    """The brokers that the listener at PORT tells of, by a bare Metadata request: [(id, host, port)]."""
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        body = struct.pack(">hhihib", 3, 4, 7, -1, 0, 0)
        connection.sendall(struct.pack(">i", len(body)) + body)
        answer = read_exactly(connection, struct.unpack(">i", read_exactly(connection, 4))[0])
    count, at, found = struct.unpack_from(">i", answer, 8)[0], 12, []
    for _ in range(count):
        node, size = struct.unpack_from(">ih", answer, at)
        host = answer[at + 6:at + 6 + size].decode()
        listens, rack = struct.unpack_from(">ih", answer, at + 6 + size)
        at += 6 + size + 6 + max(rack, 0)
        found.append((node, host, listens))
    return found


