# SPDX-License-Identifier: Apache-2.0
"""Whole commands side by side: interleaved in one run, so that the machine's other work hits all alike."""
import os
import statistics
import time

REST = 0.01  # seconds: a server is still busy with the end of the last connection when its client is gone


def measure(command, environment):
    """Milliseconds of a command that must succeed."""
    began = time.perf_counter()
    null = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)
    child = os.posix_spawn(command[0], command, environment, file_actions=[null])
    _, status = os.waitpid(child, 0)
    took = (time.perf_counter() - began) * 1000
    assert status == 0, command
    return took


def compare(title, rounds, commands):
    """COMMANDS are two, name -> (command, environment), ours first. Prints one line; returns the ratio of the medians."""
    took = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, environment) in commands.items():
            time.sleep(REST)
            took[name].append(measure(command, environment))
    ours, theirs = ((name, statistics.median(values)) for name, values in took.items())
    ratio = ours[1] / theirs[1]
    print(f"{title}: {ours[0]} {ours[1]:.1f} ms, {theirs[0]} {theirs[1]:.1f} ms, ratio {ratio:.2f}")
    return ratio
