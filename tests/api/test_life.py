# SPDX-License-Identifier: Apache-2.0
"""The service's processes: killed while it writes, drained under load, started by settings that are right or wrong."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from support.processes import contents, free_port, wait_until
from support.program import BUILD, PROGRAM
from support.service import Service, network, orders
from support.silent import Silent

KILLS = int(os.environ.get("TESTCONN_KILLS", "50"))


def test_nobody_is_left(tmp_path):
    with Service() as service, Silent() as server:
        service.ok("CreateConnection", {"ConnectionInput": network("up", server.port)})
        service.ok("TestConnection", {"ConnectionName": "up"})
        wait_until(lambda: len(service.children()) >= 4, 5, "ready workers")  # catalog, template, two workers
        children = service.children()
        assert service.stop() == 0
        for pid in children:
            assert not contents(pid, "cmdline"), pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_workers_go_with_the_service(how):
    with Service("--drain", "1s") as service, Silent() as server:
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        thread = threading.Thread(target=lambda: ignore(service.call, "TestConnection", body))
        thread.start()
        wait_until(lambda: server.visitors, 5)
        children = service.children()
        service.process.send_signal(how)
        service.process.wait(5)
        wait_until(lambda: not any(contents(pid, "cmdline") for pid in children), 5, "the end of all")
        thread.join(10)


def ignore(function, *arguments):
    try:
        return function(*arguments)
    except (OSError, http.client.HTTPException, ValueError):
        return None


class Writer(threading.Thread):
    """Creates, updates and deletes connections of its own, and remembers what was acknowledged."""

    def __init__(self, service, number):
        super().__init__(daemon=True)
        self.service, self.number, self.kept, self.unsure, self.ended = service, number, {}, set(), False
        self.strange = []

    def run(self):
        at = 0
        while not self.ended:
            at += 1
            name = f"w{self.number}-{at % 7}"
            call = random.choice(["CreateConnection", "UpdateConnection", "DeleteConnection"])
            definition = network(name, at)
            body = {"CreateConnection": {"ConnectionInput": definition}, "DeleteConnection": {"ConnectionName": name},
                    "UpdateConnection": {"Name": name, "ConnectionInput": definition}}[call]
            answer = ignore(self.service.call, call, body)
            if answer is None or answer[0] == 500:
                self.unsure.add(name)
                time.sleep(0.02)
            elif answer[0] == 200:
                self.unsure.discard(name)
                self.kept[name] = str(at) if call != "DeleteConnection" else None
            elif answer[1]["__type"] not in ("AlreadyExistsException", "EntityNotFoundException"):
                self.strange.append(answer)

    def check(self):
        """What was acknowledged last is what is there."""
        assert not self.strange
        for name, port in self.kept.items():
            if name in self.unsure:
                continue
            status, answer = self.service.call("GetConnection", {"Name": name})
            if port is None:
                assert answer.get("__type") == "EntityNotFoundException", (name, answer)
            else:
                assert status == 200 and answer["Connection"]["ConnectionProperties"]["PORT"] == port, (name, port, answer)


@pytest.mark.parametrize("victim", ["service", "catalog-process"])
def test_kill_9_while_it_writes(victim):
    with Service() as service:
        for _ in range(max(KILLS // 10, 1)):
            writers = [Writer(service, number) for number in range(4)]
            for writer in writers:
                writer.start()
            for _ in range(10):
                time.sleep(random.uniform(0, 0.05))
                children = service.children()
                if victim == "service":
                    service.process.kill()
                    service.process.wait()
                    wait_until(lambda: not any(contents(pid, "cmdline") for pid in children), 5, "the end of all")
                    service.start()
                elif pid := service.child(victim):
                    os.kill(pid, signal.SIGKILL)
            for writer in writers:
                writer.ended = True
            for writer in writers:
                writer.join(30)
            assert any(writer.kept for writer in writers)
            for writer in writers:
                writer.check()
            wait_until(lambda: service.request("GET", "/readyz")[0] == 200, 5)
            names = [f"w{number}-{at}" for number in range(4) for at in range(7)]
            for at in range(0, len(names), 25):
                service.ok("BatchDeleteConnection", {"ConnectionNameList": names[at:at + 25]})


def zombies(parent):
    """Its children that have ended and that it has not waited for."""
    statuses = [contents(entry, "status").decode() for entry in os.listdir("/proc") if entry.isdigit()]
    return [status for status in statuses if f"\nPPid:\t{parent}\n" in status and "State:\tZ" in status]


def template_of(service):
    """The template itself, not what it cloned, which is confined; None: there is none now."""
    found = [pid for pid in service.children() if b"\0template\0" in contents(pid, "cmdline")
             and b"Seccomp:\t0" in contents(pid, "status")]
    return min(found, key=lambda pid: int(contents(pid, "stat").rsplit(b")", 1)[1].split()[19]), default=None)


def test_kill_9_of_templates():
    with Service() as service, Silent() as server:
        service.ok("CreateConnection", {"ConnectionInput": network("up", server.port)})
        for _ in range(KILLS):
            assert service.ok("TestConnection", {"ConnectionName": "up"}) == {}
            time.sleep(random.uniform(0, 0.004))  # some while it clones
            if pid := template_of(service):
                os.kill(pid, signal.SIGKILL)
        assert service.ok("TestConnection", {"ConnectionName": "up"}) == {}
        wait_until(lambda: len(service.children()) <= 4, 5, "the end of all others")
        wait_until(lambda: not zombies(service.process.pid), 5, "all that ended to be waited for")


def test_a_stopped_template_holds_up_nobody():
    """Neither what needs no worker, nor, for longer than it takes to replace it, what does."""
    with Service("--timeout", "20s") as service, Silent() as server, concurrent.futures.ThreadPoolExecutor() as pool:
        service.ok("CreateConnection", {"ConnectionInput": network("up", server.port)})
        for _ in range(5):
            assert service.ok("TestConnection", {"ConnectionName": "up"}) == {}
            wait_until(lambda: len(service.children()) == 4, 5, "ready workers")
            template = template_of(service)
            os.kill(template, signal.SIGSTOP)
            body = {"TestConnectionInput": {key: value for key, value in network("", server.port).items() if key != "Name"}}
            answers = []
            for at in range(6):  # each another, so that none is joined
                body["TestConnectionInput"]["ConnectionProperties"]["HOST"] = f"127.0.0.{at + 1}"
                answers.append(pool.submit(service.call, "TestConnection", json.loads(json.dumps(body))))
            began = time.monotonic()
            looks = 0
            while not all(answer.done() for answer in answers):
                asked = time.monotonic()
                assert service.request("GET", "/livez")[0] == 200
                assert time.monotonic() - asked < 2
                looks += 1
            assert looks and time.monotonic() - began < 4  # and not the 5 s for one that only says nothing
            assert all(answer.result()[1].get("Message", "CONNECT_REFUSED").startswith("CONNECT_REFUSED") for answer in answers)
            assert answers[0].result() == (200, {})
            wait_until(lambda: not contents(template, "cmdline"), 5, "the end of the stopped template")


def test_kill_9_of_a_worker_is_a_report():
    with Service("--timeout", "5s") as service, Silent() as server:
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(service.call, "TestConnection", body)
            wait_until(lambda: server.visitors, 5)
            port = server.visitors[0].getpeername()[1]
            workers = [pid for pid in service.children() if is_peer(pid, port)]
            assert len(workers) == 1
            os.kill(workers[0], signal.SIGKILL)
            status, refused = answer.result(10)
        assert (status, refused["__type"]) == (500, "InternalServiceException")
        assert refused["Message"].startswith("WORKER_CRASHED at tls: ")


def ready_workers(service):
    """Those that wait for a test: they are confined, as their template is not, and stay."""
    def confined():
        return sorted((pid for pid in service.children() if b"Seccomp:\t2" in contents(pid, "status")), key=int, reverse=True)
    found = confined()
    time.sleep(0.3)  # the last test's is gone by then, and who takes its place is there
    return found if len(found) == 2 and confined() == found else None


@pytest.mark.parametrize("killed", [1, 2])
def test_kill_9_of_a_ready_worker_is_no_callers_fault(killed):
    """One that dies with a request it has not begun: another does it. Where that one dies as well, it is told."""
    with Service() as service, Silent() as server, concurrent.futures.ThreadPoolExecutor() as pool:
        service.ok("CreateConnection", {"ConnectionInput": network("up", server.port)})
        service.ok("TestConnection", {"ConnectionName": "up"})
        stopped = wait_until(lambda: ready_workers(service), 5, "ready workers")  # the youngest is taken first
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        answer = pool.submit(service.call, "TestConnection", {"ConnectionName": "up"})
        for pid in stopped[:killed]:
            time.sleep(0.3)
            assert not answer.done()
            os.kill(pid, signal.SIGKILL)
        for pid in stopped[killed:]:
            os.kill(pid, signal.SIGCONT)
        status, got = answer.result(10)
        if killed == 1:
            assert (status, got) == (200, {})
        else:
            assert (status, got["__type"]) == (500, "InternalServiceException"), got
            assert got["Message"].startswith("WORKER_CRASHED at input: the worker died of signal 9"), got
        wait_until(lambda: not zombies(service.process.pid), 5, "all that ended to be waited for")


def test_who_must_not_hang_up_does_not():
    class Nohup(Service):
        @staticmethod
        def command_of(*arguments):
            return ["nohup", *Service.command_of(*arguments)]
    with Nohup() as service:
        service.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert service.request("GET", "/readyz")[0] == 200 and "draining" not in service.log.read_text()


def log_lines(service, **wanted):
    """The log's lines, taken apart, that have what is WANTED."""
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    return [line for line in lines if wanted.items() <= line.items()]


def test_one_id_from_the_request_to_the_worker_and_the_report():
    with Service("--timeout", "5s", "--log-level", "debug", "--log-format", "json") as service, Silent() as server:
        body = json.dumps({"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}})
        with concurrent.futures.ThreadPoolExecutor() as pool:
            first = pool.submit(service.call_raw, "TestConnection", body)
            wait_until(lambda: server.visitors, 5)
            (begun,) = wait_until(lambda: {line["request_id"] for line in log_lines(service, msg="test", stage="tls")}, 5)
            port = server.visitors[0].getpeername()[1]
            (worker,) = wait_until(lambda: [pid for pid in service.children() if is_peer(pid, port)], 5)
            assert contents(worker, "comm").decode() == f"testconn:{begun[:6]}\n"
            second = pool.submit(service.call_raw, "TestConnection", body)
            (joined,) = wait_until(lambda: log_lines(service, msg="joined a test", test=begun), 5)
            os.kill(worker, signal.SIGKILL)
            ids = [answer.result(10)[1]["x-amzn-requestid"] for answer in (first, second)]
        assert ids == [begun, joined["request_id"]] and begun != joined["request_id"]
        (end,) = log_lines(service, msg="test ended")
        assert (end["level"], end["request_id"], end["worker"], end["code"]) == ("warn", begun, str(worker), "WORKER_CRASHED")
        for one in ids:
            report = json.loads(service.request("GET", f"/v1/reports/{one}")[2])
            assert report["tests"][0]["request_id"] == begun
            assert log_lines(service, msg="request", request_id=one, code="WORKER_CRASHED")
        assert len(server.visitors) == 1
        status, headers, answer = service.request("POST", "/v1/test", '{"ConnectionName": ""}', {"Content-Type": "application/json"})
        status, headers, answer = service.request("POST", "/v1/test", body.replace("JDBC", "SFTP", 1), {"Content-Type": "application/json"})
        assert json.loads(answer)["tests"][0]["request_id"] == headers["x-amzn-requestid"], "also where no worker is needed"


def is_peer(pid, port):
    """Whether PID holds the loopback connection from PORT."""
    sockets = {f"socket:[{line.split()[9]}]" for line in open("/proc/net/tcp") if line.split()[1].endswith(f":{port:04X}")}
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") in sockets for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def test_sigterm_lets_what_runs_come_to_its_end():
    with Service("--timeout", "2s") as service, Silent() as server:
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        service.ok("CreateConnection", {"ConnectionInput": orders(port=server.port, JDBC_ENFORCE_SSL="true")})
        idle = http.client.HTTPConnection("127.0.0.1", service.port)
        idle.request("GET", "/livez")
        idle.getresponse().read()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(service.call, "TestConnection", given) for given in (body, {"ConnectionName": "orders"})]
            wait_until(lambda: len(server.visitors) == 2, 5)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "draining" in service.log.read_text(), 2)
            with pytest.raises(OSError):
                service.request("GET", "/livez")
            assert [answer.result(10)[1]["__type"] for answer in answers] == ["OperationTimeoutException"] * 2
        assert service.process.wait(5) == 0
        service.start()  # and the verdict was kept
        assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["Status"] == "FAILED"


def test_sigterm_under_load():
    """Every answer that was begun is whole; nothing acknowledged is lost."""
    with Service() as service:
        kept, lock = [], threading.Lock()

        def write(number):
            for at in range(10000):
                name = f"n{number}-{at}"
                answer = ignore(service.call, "CreateConnection", {"ConnectionInput": network(name, 1)})
                if answer is None:
                    return
                assert answer[0] == 200, answer
                with lock:
                    kept.append(name)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            done = [pool.submit(write, number) for number in range(16)]
            wait_until(lambda: len(kept) > 100, 20)
            assert service.stop() == 0
            for one in done:
                one.result(20)
        service.start()
        for name in kept:
            service.ok("GetConnection", {"Name": name})


def test_two_hundred_at_once():
    with Service() as service, Silent() as server:
        for at in range(20):
            service.ok("CreateConnection", {"ConnectionInput": network(f"up{at}", server.port)})
            service.ok("CreateConnection", {"ConnectionInput": network(f"down{at}", free_port())})
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            names = [f"{kind}{at % 20}" for at in range(200) for kind in ("up", "down")]
            answers = list(pool.map(lambda name: service.call("TestConnection", {"ConnectionName": name}), names))
        for name, (status, answer) in zip(names, answers):
            assert (status == 200) == name.startswith("up"), answer
        assert service.metric("testconn_tests_in_flight") == 0


def test_one_that_hangs_in_its_library_is_ended():
    drivers = BUILD / "tests" / "drivers"
    with Service("--timeout", "1s", "--drivers", drivers) as service:
        def act(name):
            return service.call("TestConnection", {"TestConnectionInput": {"ConnectionType": "JDBC", "ConnectionProperties": {
                "HOST": "127.0.0.1", "PORT": "5432", "JDBC_ENGINE": "misbehave", "DATABASE": name, "USERNAME": "u",
                "PASSWORD": "p"}}})
        assert act("pass") == (200, {})
        assert act("hang")[1]["__type"] == "OperationTimeoutException"
        assert act("exit")[1]["__type"] == "InternalServiceException"
        assert act("pass") == (200, {})


def test_a_catalog_that_cannot_be_opened(tmp_path):
    (tmp_path / "catalog.db").write_text("this is no catalog at all, and was none ever" * 100)
    done = subprocess.run([str(PROGRAM), "serve", "--listen", "127.0.0.1:0", "--catalog", f"sqlite:{tmp_path}/catalog.db"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 3 and "catalog.db" in done.stderr
    done = subprocess.run([str(PROGRAM), "serve", "--listen", "127.0.0.1:0", "--catalog", "nonsense"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 2 and "nonsense" in done.stderr


def test_a_catalog_that_is_taken_away_or_put_back_while_it_is_open():
    """What is acknowledged is in the file that is there, not in one that nobody can find again."""
    with Service() as service:
        names = lambda: [one["Name"] for one in service.ok("GetConnections")["ConnectionList"]]  # noqa: E731
        service.ok("CreateConnection", {"ConnectionInput": orders("first")})
        folder = pathlib.Path(service.folder)
        saved = {path.name: path.read_bytes() for path in folder.glob("catalog.db*")}
        service.ok("CreateConnection", {"ConnectionInput": orders("second")})
        for path in folder.glob("catalog.db*"):
            path.unlink()
        assert names() == []
        service.ok("CreateConnection", {"ConnectionInput": orders("third", password="of-third")})
        service.stop()
        service.start()
        assert names() == ["third"]
        assert service.ok("GetConnection", {"Name": "third"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "of-third"
        for path in folder.glob("catalog.db*"):
            path.unlink()
        for name, content in saved.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)
        assert names() == ["first"]
        service.ok("UpdateConnection", {"Name": "first", "ConnectionInput": orders("first", password="new")})
        assert service.ok("GetConnection", {"Name": "first"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "new"


def test_a_port_that_is_taken():
    with Service() as service:
        done = subprocess.run([str(PROGRAM), "serve", "--stateless", "--listen", f"127.0.0.1:{service.port}"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 2 and str(service.port) in done.stderr and "in use" in done.stderr


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_log_that_nobody_reads_stops_nobody(kind):
    """Pipes of a supervisor, the journal's socket."""
    port = free_port()
    ours, its = os.pipe() if kind == "pipe" else [one.detach() for one in socket.socketpair()]
    process = subprocess.Popen(Service.command_of("--stateless", "--listen", f"127.0.0.1:{port}"), stderr=its)
    os.close(its)

    def ask(times):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for _ in range(times):
            connection.request("GET", "/" + "x" * 200)
            assert connection.getresponse().read()
        connection.close()
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 5)
        ask(3000)
        read = os.read(ours, 1 << 20)
        for _ in range(10):
            ask(1)
            read += os.read(ours, 1 << 20)
        lines = read.split(b"\n")
        assert all(line.startswith(b"time=") for line in lines[:-1]), "each line stands alone"
        lost = sum(map(int, re.findall(rb"lines of this log were lost: nobody read it\" count=(\d+)", read)))
        assert 3000 < lost + len(lines) < 3300, "every line is there or counted"
        os.close(ours)
        ask(10)
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("arguments, words", [
    (["--catalog", "mysql://h/d"], "mysql"), (["--catalog", "sqlite:"], "path"), (["--catalog", "sqlite:{folder}/text"], "text"),
    (["--stateless", "--drivers", "{folder}/nowhere"], "nowhere"), (["--catalog", "glue:http://u:p@h"], "glue://REGION")])
def test_what_check_config_finds_without_serving(tmp_path, arguments, words):
    (tmp_path / "text").write_text("this is no catalog at all, and was none ever" * 100)
    done = subprocess.run([str(PROGRAM), "serve", "--check-config", *(one.format(folder=tmp_path) for one in arguments)], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode in (2, 3) and words in done.stderr and done.stdout == "", done
    done = subprocess.run([str(PROGRAM), "serve", "--check-config", "--catalog", f"sqlite:{tmp_path}/new.db"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and sorted(path.name for path in tmp_path.iterdir()) == ["text"], done


def check_config(path, text, *arguments):
    path.write_text(text)
    done = subprocess.run([str(PROGRAM), "serve", "--check-config", *arguments], capture_output=True, text=True, timeout=10,
                          env={**os.environ, "TESTCONN_CONFIG": str(path)})
    return done.returncode, done.stderr + done.stdout


@pytest.mark.parametrize("text, words", [
    ("max-test: 5\n", ["line 1, column 1", "max-tests"]), ("timeout: 20s\nlisten: [127.0.0.1:1, 7]\n", ["HOST:PORT"]),
    ("a:\n b: c\n", ["line 1, column 1", '"a"']), ("- a\n", ["line 1, column 1", "mapping"]), ("max-tests: x\n", ["line 1", "number"]),
    ("timeout: 20\n", ["line 1", "ms, s or m"]), ("timeout: 29s\n", ["28s"]), ("stateless: maybe\n", ["line 1", "true nor false"]),
    ("max-tests: [1, 2]\n", ["line 1, column 12"]), ("{", ["line"]), ("config: x\n", ["config"]), ("log-level: loud\n", ["debug"])])
def test_settings_that_are_wrong(tmp_path, text, words):
    code, said = check_config(tmp_path / "serve.yaml", text)
    assert code == 2 and all(word in said for word in words), said


def test_settings_that_are_right(tmp_path):
    text = "listen: ['127.0.0.1:0', '[::1]:0']\nmax-tests: 3\ntimeout: 5s\nstateless: true\ndeny: [10.0.0.0/8]\nlog-format: json\n"
    assert check_config(tmp_path / "serve.yaml", text)[0] == 0
    assert check_config(tmp_path / "serve.yaml", "")[0] == 0
    assert check_config(tmp_path / "serve.yaml", "max-tests: 3\n", "--max-tests", "7")[0] == 0


def test_a_flag_goes_before_the_file(tmp_path):
    (tmp_path / "serve.yaml").write_text("max-tests: 3\nlog-format: json\n")
    with Service("--config", tmp_path / "serve.yaml", "--max-tests", "7", "--log-format", "logfmt") as service:
        assert service.metric("testconn_tests_maximum") == 7


def test_logs_as_json_and_on_two_addresses(tmp_path):
    path = tmp_path / "log"
    with open(path, "wb") as log:
        process = subprocess.Popen([str(PROGRAM), "serve", "--stateless", "--listen", "127.0.0.1:0", "--listen", "[::1]:0",
                                    "--log-format", "json"], stderr=log)
    try:
        wait_until(lambda: path.read_text().count("listening") == 2, 10)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert {line["address"].rpartition(":")[0] for line in lines} == {"127.0.0.1", "[::1]"}
        port = lines[0]["address"].rpartition(":")[2]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
        connection.request("POST", "/", "{}", {"X-Amz-Target": "AWSGlue.TestConnection\"x", "Content-Type": "application/json"})
        request_id = connection.getresponse().headers["x-amzn-requestid"]
        connection.close()
        wait_until(lambda: request_id in path.read_text(), 5)
        line = json.loads(path.read_text().splitlines()[-1])
        assert line["request_id"] == request_id and line["outcome"] == "UnknownOperationException"
    finally:
        process.terminate()
        assert process.wait(10) == 0
