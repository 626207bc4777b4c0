"""One coordinator and its workers as processes, killed and started again."""

import ctypes
import os
import signal
import subprocess

LEASE = 5


class Failed(Exception):
    """Something happened that must not."""


LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In a child, before its program: it is killed when whoever started it is gone (PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, signal.SIGKILL)


class Cluster:
    def __init__(self, strata, folder, network, sweep, store, lease=LEASE):
        self.strata, self.folder, self.network = strata, folder, network
        self.sweep, self.store, self.lease = sweep, store, lease
        self.coordinator = None
        self.workers = {}
        self.made = 0
        self.all = []

    # MARK: - Starting

    def start(self, name, command):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            preexec_fn=die_with_parent)
        log.close()
        self.all.append(process)
        return process

    def start_coordinator(self, *more):
        port, checkpoint_port = self.network.ports
        self.coordinator = self.start(
            f"{self.store.stem}-coordinator",
            [*self.network.on_coordinator(), self.strata, "coordinator", self.sweep, "--store", self.store,
             "--listen", self.network.address, "--port", str(port), "--checkpoint-port", str(checkpoint_port),
             "--insecure", "--exit-when-done", "--lease", str(self.lease), *more])

    def start_worker(self, *options):
        number, self.made = self.made, self.made + 1
        name = f"{self.store.stem}-worker-{number}"
        self.workers[number] = self.start(
            name,
            [*self.network.on_worker(number), self.strata, "worker", "--connect",
             f"tcp://{self.network.address}:{self.network.ports[0]}", "--name", name, *options])
        return number

    # MARK: - Faults

    def kill_coordinator(self):
        self.coordinator.kill()
        self.coordinator.wait()

    def kill_worker(self, number):
        process = self.workers.pop(number)
        process.kill()
        process.wait()

    def signal_worker(self, number, which):
        if number in self.workers and self.workers[number].poll() is None:
            os.kill(self.workers[number].pid, which)

    # MARK: - Ends

    def check(self):
        """Nobody has ended who was not asked to."""
        for number, process in self.workers.items():
            if process.poll():
                raise Failed(f"worker {number} ended by itself with status {process.returncode}{self.last(process)}")
        if self.coordinator.poll():
            raise Failed(f"the coordinator ended with status {self.coordinator.returncode}{self.last(None)}")

    def last(self, process):
        name = "coordinator" if process is None else "worker-" + str(
            next(number for number, other in self.workers.items() if other is process))
        lines = (self.folder / f"{self.store.stem}-{name}.log").read_text(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-8:])

    def wait(self, seconds):
        """Waits for the coordinator's end and then the workers', who are told to leave by it."""
        try:
            status = self.coordinator.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"the coordinator has not ended within {seconds} s{self.last(None)}") from None
        if status:
            raise Failed(f"the coordinator ended with status {status}{self.last(None)}")

    def end(self):
        """Kills what still runs of what this started."""
        for process in self.all:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def count(self, text):
        """Lines of workers' logs that contain it."""
        logs = self.folder.glob(f"{self.store.stem}-worker-*.log")
        return sum(log.read_text(errors="replace").count(text) for log in logs)
