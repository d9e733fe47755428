# SPDX-License-Identifier: Apache-2.0
"""Run a command as a systemd unit would: what its directives say of namespaces, mounts, user, capabilities and calls (root).

    python3 shut_in.py UNIT STATE PROGRAM COMMAND...

STATE is the unit's StateDirectory on this host, PROGRAM the folder that stands at /usr/local/testconn inside. systemd itself does
not run in a test; a directive that this file does not know is an error, so that none is believed to hold that was not tried.
"""
import ctypes
import os
import pathlib
import re
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
SECCOMP = ctypes.CDLL("libseccomp.so.2")
SECCOMP.seccomp_init.restype = ctypes.c_void_p
NEWNS, NEWUSER = 0x20000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, ALLOW, EPERM, EAFNOSUPPORT = 24, 38, 0x7FFF0000, 1, 97
UID = 61234  # of DynamicUser's range
NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
EQ, NE, GT, LT, MASKED = 4, 1, 6, 2, 7
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
# What only systemd, a booted machine or a file system of its own can show, or what follows from the user and its lack of capabilities.
TAKEN_FOR_GRANTED = {
    "Type", "ExecStart", "Restart", "RestartPreventExitStatus", "KillMode", "TimeoutStopSec", "OOMPolicy", "StateDirectoryMode",
    "ConfigurationDirectory", "AmbientCapabilities", "PrivateMounts", "DevicePolicy", "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock",
    "ProtectHostname", "RestrictRealtime", "RestrictSUIDSGID", "SystemCallArchitectures", "SystemCallErrorNumber"}


class Rule(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read(unit):
    """The directives of [Service], each with its values in order."""
    found = {}
    for line in pathlib.Path(unit).read_text().split("\n[Service]\n")[1].split("\n[Install]\n")[0].splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def mount(source, target, kind=None, flags=0, data=None):
    check(LIBC.mount(*(None if one is None else str(one).encode() for one in (source, target, kind)), flags, None if data is None else data.encode()))


def bind(source, target, writable=False):
    mount(source, target, None, MS_BIND)
    if not writable:
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def points():
    return [line.split()[4].replace("\\040", " ") for line in open("/proc/self/mountinfo")]


def mounts(state, program):
    """ProtectSystem=strict, ProtectHome, PrivateTmp, PrivateDevices, ProtectKernelTunables, ProtectControlGroups, StateDirectory, /proc."""
    check(LIBC.unshare(NEWNS))
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    hidden = pathlib.Path("/run")
    mount("tmpfs", hidden, "tmpfs", MS_NODEV, "mode=755")  # also what lies in /run of this host
    for name, folder in (("state", state), ("program", program)):
        (hidden / name).mkdir()
        mount(folder, hidden / name, None, MS_BIND)
    for place in ("/usr/local", "/var/lib", "/tmp", "/var/tmp"):
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" if "tmp" in place else "mode=755")
    for place in ("/home", "/root"):
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=000")
    os.mkdir("/usr/local/testconn")
    os.mkdir("/var/lib/testconn", 0o700)
    mount(hidden / "program", "/usr/local/testconn", None, MS_BIND)
    mount(hidden / "state", "/var/lib/testconn", None, MS_BIND)
    os.chown("/var/lib/testconn", UID, UID)
    for name in ("state", "program"):
        check(LIBC.umount2(str(hidden / name).encode(), 2))
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755")
    for number, name in ((3, "null"), (5, "zero"), (7, "full"), (8, "random"), (9, "urandom")):
        os.mknod(f"/dev/{name}", 0o20666, os.makedev(1, number))
        os.chmod(f"/dev/{name}", 0o666)
    for place in sorted(points(), key=len):
        if not re.match(r"/(tmp|var/tmp|var/lib/testconn|proc)(/|$)", place):
            LIBC.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)  # what is overmounted cannot be
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV, "hidepid=invisible,subset=pid")


def become_nobody():
    """DynamicUser, CapabilityBoundingSet, PrivateUsers, NoNewPrivileges."""
    os.setgroups([])
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    check(LIBC.prctl(4, 1, 0, 0, 0))  # dumpable, or our own /proc/self/uid_map is root's
    check(LIBC.unshare(NEWUSER))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{UID} {UID} 1"), ("gid_map", f"{UID} {UID} 1")):
        pathlib.Path(f"/proc/self/{name}").write_text(text)
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def calls_of(name, sets):
    if not name.startswith("@"):
        return {name}
    return set().union(*(calls_of(one, sets) for one in sets[name]))


def allowed_calls(values):
    """What the lines of SystemCallFilter leave, by systemd's own sets."""
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    sets, at = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            at = sets.setdefault(line.strip(), [])
        elif at is not None and line.strip() and not line.strip().startswith("#"):
            at.append(line.strip())
    allowed = set()
    for value in values:
        calls = set().union(*(calls_of(name, sets) for name in value.lstrip("~").split()))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed | calls_of("@default", sets)


class Filter:
    """One seccomp filter: DEFAULT, and exceptions."""

    def __init__(self, default):
        self.context = ctypes.c_void_p(SECCOMP.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, call, *rules):
        number = SECCOMP.seccomp_syscall_resolve_name(call.encode())
        if number != -1:
            SECCOMP.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(rules), (Rule * len(rules))(*rules) if rules else None)

    def load(self):
        check(SECCOMP.seccomp_load(self.context))


def error(number):
    return 0x00050000 | number


def filters(unit):
    only = Filter(error(EPERM))
    for call in allowed_calls(unit["SystemCallFilter"]):
        only.add(ALLOW, call)
    others = Filter(ALLOW)
    for call, argument in (("mmap", 2), ("mprotect", 2), ("pkey_mprotect", 2)):  # MemoryDenyWriteExecute
        others.add(error(EPERM), call, Rule(argument, MASKED, 6 if call == "mmap" else 4, 6 if call == "mmap" else 4))
    others.add(error(EPERM), "shmat", Rule(2, MASKED, 0o100000, 0o100000))
    allowed = sorted(FAMILIES[name] for name in unit["RestrictAddressFamilies"][0].split())
    for family in range(64):
        if family not in allowed:
            others.add(error(EAFNOSUPPORT), "socket", Rule(0, EQ, family, 0))
    for flag in (bit for bit in range(32) if NAMESPACES >> bit & 1):  # RestrictNamespaces
        for call in ("unshare", "clone"):
            others.add(error(EPERM), call, Rule(0, MASKED, 1 << flag, 1 << flag))
    others.add(error(EPERM), "setns")
    others.add(error(EPERM), "personality", Rule(0, NE, 0, 0))  # LockPersonality
    others.load()
    only.load()


KNOWN = TAKEN_FOR_GRANTED | {
    "Environment", "LimitNOFILE", "LimitCORE", "DynamicUser", "StateDirectory", "UMask", "NoNewPrivileges", "CapabilityBoundingSet", "PrivateUsers",
    "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "ProcSubset",
    "RestrictAddressFamilies", "RestrictNamespaces", "LockPersonality", "MemoryDenyWriteExecute", "SystemCallFilter"}


def main():
    import resource
    unit, state, program, *command = sys.argv[1:]
    directives = read(unit)
    strange = set(directives) - KNOWN
    assert not strange, f"directives that are not imitated: {strange}"
    os.chown(state, UID, UID)
    os.umask(int(directives["UMask"][0], 8))
    most = min(int(directives["LimitNOFILE"][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **dict(value.split("=", 1) for value in directives["Environment"])}
    mounts(state, program)
    os.chdir("/")
    become_nobody()
    filters(directives)
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
