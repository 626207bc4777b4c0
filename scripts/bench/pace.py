"""What every measured process does: warm up, say so, wait for the start, measure, print one line of JSON."""

import argparse
import json
import resource
import statistics
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", required=True, help="file with what `strata describe --json` prints")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--variant", default="")
    return parser.parse_args()


def layers(path):
    """The rows of the network's layer table; the one source of every peer's model."""
    with open(path) as file:
        return json.load(file)[0]["network"]["rows"]


def measure(step, batch, seconds):
    """`step` computes one batch to its end. Its median time counts, as with `strata bench throughput`."""
    for _ in range(3):
        step()
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit("standard input ended before the start")
    step()
    times = []
    start = last = time.perf_counter()
    while len(times) < 3 or last - start < seconds:
        step()
        now = time.perf_counter()
        times.append(now - last)
        last = now
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    speed = {"median": batch / statistics.median(times), "count": len(times)}
    print(json.dumps({"imagesPerSecond": speed, "peakMemory": memory}))
