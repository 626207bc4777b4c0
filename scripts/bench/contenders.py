"""Strata and its peers as commands, each as one process of N threads and as N processes of one thread."""

import glob
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Compiling a network takes PyTorch two minutes on a busy machine.
READY_SECONDS = 300


class Failed(Exception):
    pass


@dataclass(frozen=True)
class Contender:
    name: str
    is_strata: bool
    processes: int
    threads: int
    script: str = ""
    variant: str = ""
    preload: str = ""
    # A peer that computes less: shown, but not what Strata is compared with.
    is_easier: bool = False

    @property
    def way(self):
        return f"{self.processes} × {self.threads}"

    def command(self, strata, settings, layers, batch, seconds, integer):
        numbers = ["--threads", str(self.threads), "--batch", str(batch), "--seconds", str(seconds)]
        if self.is_strata:
            return (
                [strata, "bench", "throughput", "--paced", "--json"] + numbers + ["--integer"] * integer
                + ["--network"] + settings)
        variant = ["--variant", self.variant] if self.variant else []
        return [sys.executable, f"{FOLDER}/{self.script}", "--layers", layers] + numbers + variant


def contenders(task, cores):
    tcmalloc = (glob.glob("/usr/lib/*/libtcmalloc_minimal.so.4") + [""])[0]
    if task == "training":
        peers = [
            dict(name="PyTorch eager", script="train_pytorch.py", variant="eager", preload=tcmalloc),
            dict(name="PyTorch compiled", script="train_pytorch.py", variant="compiled", preload=tcmalloc),
            dict(name="TensorFlow", script="train_tensorflow.py")]
    else:
        peers = [
            dict(name="ONNX Runtime", script="infer_onnxruntime.py", variant="u8"),
            dict(name="ONNX Runtime, weights as int8", script="infer_onnxruntime.py", variant="s8"),
            dict(name="ONNX Runtime, symmetric int8", script="infer_onnxruntime.py", variant="symmetric",
                 is_easier=True)]
    ways = [(1, cores), (cores, 1)] if cores > 1 else [(1, 1)]
    return [
        Contender(is_strata=strata, processes=processes, threads=threads, **peer)
        for strata, peer in [(True, dict(name="Strata"))] + [(False, peer) for peer in peers]
        for processes, threads in ways]


def run(contender, command, seconds):
    """All processes measure at the same time. Returns what each printed; throws `Failed` with the reason."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(contender.threads))
    if contender.preload:
        environment["LD_PRELOAD"] = contender.preload
    running = []
    try:
        for _ in range(contender.processes):
            errors = tempfile.TemporaryFile("w+")
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment)
            running.append((process, errors))
        for process, errors in running:
            await_ready(process, errors)
        for process, _ in running:
            process.stdin.write(b"\n")
            process.stdin.flush()
        results = []
        for process, errors in running:
            output, _ = process.communicate(timeout=60 + 100 * seconds)
            if process.returncode != 0:
                raise Failed(reason(errors))
            results.append(json.loads(output))
        return results
    except subprocess.TimeoutExpired:
        raise Failed("did not end in time")
    finally:
        for process, _ in running:
            process.kill()
            process.wait()


def await_ready(process, errors):
    deadline = time.monotonic() + READY_SECONDS
    while select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
        line = process.stdout.readline()
        if line == b"ready\n":
            return
        if not line:
            process.wait()
            raise Failed(reason(errors))
    raise Failed(f"was not ready after {READY_SECONDS} s")


def reason(errors):
    """The last line of standard error that names an error, or the last at all."""
    errors.seek(0)
    lines = [line.strip() for line in errors if line.strip()]
    named = [line for line in lines if "Error" in line and not line.startswith("File")]
    return ((named or lines or ["ended without a word"])[-1])[:200]
