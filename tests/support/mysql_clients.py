# SPDX-License-Identifier: Apache-2.0
"""Two clients that share no code with testconn, as judges of error numbers, and sessions that stay."""
import subprocess
import sys

from support.mysql import CA, MARIADB
from support.program import ROOT


def judge_by_mariadb(server, user, password, database):
    """The error number that `mariadb` ends with over verified TLS; None when it is let in."""
    done = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(server.port), "-u", user, f"-p{password}",
                           f"--ssl-ca={CA}", "--ssl-verify-server-cert", "--default-character-set=utf8mb4", "-e", "select 1",
                           database], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else int(done.stderr.split("ERROR ")[1].split()[0])


def judge_by_connector(server, user, password, database):
    """The same of MySQL's own Connector/Python."""
    folder = subprocess.run([ROOT / "tests" / "setup" / "mysql-connector"], check=True, capture_output=True,
                            text=True).stdout.strip()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import mysql.connector
    try:
        with mysql.connector.connect(host="127.0.0.1", port=server.port, user=user, password=password, database=database,
                                     ssl_ca=CA, ssl_verify_cert=True, use_pure=True) as session:
            with session.cursor() as cursor:
                cursor.execute("select 1")
                cursor.fetchall()
        return None
    except mysql.connector.Error as error:
        return error.errno


class Session:
    """A session of USER that stays until the block ends."""

    def __init__(self, server, user):
        self.process = subprocess.Popen(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(server.port), "-u", user,
                                         f"-ppw-{user}", "--skip-ssl" if MARIADB else f"--ssl-ca={CA}"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdin.write("select 'here';\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
