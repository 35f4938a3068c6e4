"""Runs a command and prints its wall time and the peak memory of each process it started: python bench/measured.py COMMAND ARGUMENT...

Linux only for the memory (/proc/PID/status, VmHWM, looked at twice a second: a peak is kept by the kernel, only short-lived children
can be missed). Exits with the command's exit code.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def family(pid: int) -> list[int]:
    return [pid, *(member for child in children_of(pid) for member in family(child))]


def look(pid: int) -> tuple[str, int] | None:
    """(what it is, peak resident KiB) of a living process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    shown = " ".join(os.path.basename(word) if number == 0 else word for number, word in enumerate(words[:4]) if word)
    return shown, peak


def main(command: list[str]) -> int:
    if not command:
        print(__doc__)
        return 2
    began = time.monotonic()
    process = subprocess.Popen(command)
    peaks: dict[int, tuple[str, int]] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            for pid in family(process.pid):
                seen = look(pid)
                if seen is not None and seen[1] > 0:
                    peaks[pid] = seen

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        code = process.wait()
    over.set()
    watcher.join()
    print(f"wall time {time.monotonic() - began:.1f} s")
    for shown, peak in sorted(peaks.values(), key=lambda item: -item[1])[:5]:
        print(f"peak memory {peak / 1024 / 1024:6.2f} GiB  {shown}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
