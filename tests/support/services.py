# SPDX-License-Identifier: Apache-2.0
"""Real servers on their well-known ports, in a network namespace of their own; needs root."""
import os
import pathlib
import subprocess
import tempfile

from support.processes import wait_until
from support.program import PROGRAM, certificates

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.error info;
events {{ }}
http {{
  access_log {folder}/nginx.access; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:80; listen 127.0.0.1:8090; return 200; }}
  server {{ listen 127.0.0.1:443 ssl; listen 127.0.0.1:8490 ssl; return 200;
            ssl_certificate {certificates}/good.pem; ssl_certificate_key {certificates}/good.key; }}
}}
"""

DOVECOT = """
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
passdb {{
  driver = static
  args = password=secret
}}
"""


class Services:
    """sshd 22 and 2222, redis 6379 and 7001, nginx 80 443 8090 8490, dovecot 110 143; .log(name) is what they wrote."""

    def __init__(self):
        self.name = f"tcs{os.getpid()}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-"))
        self.processes = []

    def inside(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def log(self, name):
        return (self.folder / name).read_text(errors="replace")

    def start(self, name, *command):
        with open(self.folder / name, "w") as log:
            self.processes.append(subprocess.Popen(self.inside(*command), stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def listens(self, port):
        return subprocess.run(self.inside("ss", "-Hltn", f"sport = :{port}"), capture_output=True, text=True).stdout.strip()

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        try:
            subprocess.run(self.inside("ip", "link", "set", "lo", "up"), check=True)
            self.start_all()
            for port in (22, 2222, 6379, 7001, 80, 443, 110, 143):
                wait_until(lambda port=port: self.listens(port), 20, f"a server on port {port}")
            return self
        except BaseException:
            self.__exit__()
            raise

    def start_all(self):
        folder = self.folder
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host"], check=True)
        (folder / "sshd.conf").write_text(f"ListenAddress 127.0.0.1:22\nListenAddress 127.0.0.1:2222\nHostKey {folder}/host\n"
                                          f"PidFile {folder}/sshd.pid\nUsePAM no\n")
        self.start("sshd.log", "/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd.conf")
        for port, more in ((6379, []), (7001, ["--requirepass", "secret"])):
            self.start(f"redis-{port}.log", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder, *more)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, certificates=certificates()))
        self.start("nginx.log", "nginx", "-c", folder / "nginx.conf")
        (folder / "dovecot.conf").write_text(DOVECOT.format(folder=folder))
        self.start("dovecot.out", "dovecot", "-F", "-c", folder / "dovecot.conf")

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(["ip", "netns", "del", self.name], check=False)
        subprocess.run(["rm", "-rf", self.folder], check=False)

    def test(self, definition, *arguments):
        return subprocess.run(self.inside(PROGRAM, "test", "--input", "-", *arguments), input=definition, capture_output=True,
                              text=True, timeout=60)
