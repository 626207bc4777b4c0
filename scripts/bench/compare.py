"""Measures Strata and its peers alternately; run by scripts/bench-core."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from contenders import Failed, contenders, run

NETWORKS = {
    "regular": ["batchNorm=true"],
    "regular-no-bn": ["batchNorm=false"],
    "f2": ["factorization={uniform: 2}"],
    "f16": ["factorization={uniform: 16}"],
    "depthwise": ["factorization=depthwise"],
}
LINES = [("training", name) for name in NETWORKS] + [("int8", name) for name in ["regular", "depthwise"]]
BATCH = {"training": 128, "int8": 256}


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "count": len(values)}


def text(values):
    return f"{values['median']:.0f} ({values['least']:.0f}–{values['most']:.0f})"


def note(message):
    print(message, file=sys.stderr, flush=True)


def operations(rows, task):
    """Of one image, 2·MACs of every pass; no gradient of the image is computed."""
    total = sum(row["cost"]["macs"] for row in rows)
    return 2 * (3 * total - rows[0]["cost"]["macs"]) if task == "training" else 2 * total


class Line:
    """One network in one task: every contender's speeds, round by round."""

    def __init__(self, task, network, options, folder):
        self.task, self.network, self.options = task, network, options
        self.settings = NETWORKS[network]
        self.batch = BATCH[task]
        self.layers = f"{folder}/{network}.json"
        described = subprocess.check_output(
            [options.strata, "describe", "--json", "--network"] + self.settings, text=True)
        with open(self.layers, "w") as file:
            file.write(described)
        self.operations = operations(json.loads(described)[0]["network"]["rows"], task)
        self.contenders = contenders(task, options.cores)
        self.speeds = {contender: [] for contender in self.contenders}
        self.left_out = {}
        self.memory, self.start, self.peaks = {}, [], []

    def round(self):
        machine = subprocess.check_output(
            [self.options.strata, "bench", "machine", "--json", "--threads", str(self.options.cores)])
        self.peaks.append(json.loads(machine))
        for contender in self.contenders:
            if contender in self.left_out:
                continue
            command = contender.command(
                self.options.strata, self.settings, self.layers, self.batch, self.options.seconds,
                self.task == "int8")
            try:
                results = run(contender, command, self.options.seconds)
            except Failed as failure:
                note(f"{self.task} {self.network}: {contender.name} is left out: {failure}")
                self.left_out |= {other: str(failure) for other in self.contenders if other.name == contender.name}
                continue
            speed = sum(result["imagesPerSecond"]["median"] for result in results)
            note(f"{self.task} {self.network}: {contender.name}, {contender.way}: {speed:.0f} images/s")
            self.speeds[contender].append(speed)
            self.memory[contender] = max(result["peakMemory"] for result in results)
            self.start += [r["secondsToFirstStep"] for r in results if r.get("secondsToFirstStep") is not None]

    def summary(self):
        measured = {c: spread(s) for c, s in self.speeds.items() if s and c not in self.left_out}
        def best(is_strata):
            own = [c for c in measured if c.is_strata == is_strata and not c.is_easier]
            return max(own, key=lambda c: measured[c]["median"], default=None)
        strata, peer = best(True), best(False)
        integer = self.task == "int8"
        gigaops = max(p["peaks"]["byteGigaops" if integer else "gigaflops"] for p in self.peaks)
        return {
            "task": self.task, "network": self.network, "batch": self.batch, "cores": self.options.cores,
            "gigaopsPeak": gigaops, "gigabytesPeak": max(p["peaks"]["gigabytes"] for p in self.peaks),
            "imagesPerSecondAtPeak": 1e9 * gigaops / self.operations,
            "augmentedImagesPerSecond": max(p["augmentedImagesPerSecond"]["median"] for p in self.peaks),
            "measured": [
                {"name": c.name, "way": c.way, "imagesPerSecond": s, "peakMemory": self.memory[c]}
                for c, s in measured.items()],
            "leftOut": [{"name": c.name, "way": c.way, "why": why} for c, why in self.left_out.items()],
            "secondsToFirstStep": spread(self.start) if self.start else None,
            "strata": strata and {"way": strata.way, **measured[strata]},
            "bestPeer": peer and {"name": peer.name, "way": peer.way, **measured[peer]},
            "ratio": measured[strata]["median"] / measured[peer]["median"] if strata and peer else None,
        }


def print_line(line):
    print(f"\n{line['task']}, {line['network']}, batch {line['batch']}, images/s by processes × threads, median (least–most):")
    for row in line["measured"]:
        print(f"  {row['name']:<30} {row['way']}   {text(row['imagesPerSecond']):>24}   {row['peakMemory'] / 1e6:>6.0f} MB a process")
    for row in line["leftOut"]:
        print(f"  {row['name']:<30} {row['way']}   left out: {row['why']}")


def print_table(lines):
    print("\n| | Strata | way | best peer | way | ratio | at peak arithmetic |\n|---|---|---|---|---|---|---|")
    for line in lines:
        strata, peer = line["strata"], line["bestPeer"]
        print(
            f"| {line['task']}, {line['network']} | {text(strata) if strata else '–'} | {strata['way'] if strata else ''} "
            f"| {peer['name'] + ' ' + text(peer) if peer else '–'} | {peer['way'] if peer else ''} "
            f"| {format(line['ratio'], '.2f') if line['ratio'] else '–'} "
            f"| {line['imagesPerSecondAtPeak']:.0f} of {line['gigaopsPeak']:.0f} GOP/s, {line['gigabytesPeak']:.0f} GB/s |")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-core", description=__doc__)
    parser.add_argument("--strata", help=argparse.SUPPRESS, required=True)
    parser.add_argument("--rounds", type=int, default=5, help="times everything is measured (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    parser.add_argument("--only", choices=["training", "int8"])
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)), help="(default all)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    if not 1 <= options.cores <= len(available):
        parser.error(f"--cores {options.cores}: this machine lends {len(available)}")
    if options.rounds < 1 or not options.seconds >= 0:
        parser.error("at least one round of at least 0 seconds is needed")
    os.sched_setaffinity(0, available[:options.cores])
    wanted = [
        line for line in LINES if options.only in (None, line[0]) and line[1] in options.networks]
    if not wanted:
        parser.error("none of these networks is measured in int8: regular and depthwise are")
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for task, network in wanted:
            line = Line(task, network, options, folder)
            for _ in range(options.rounds):
                line.round()
            done.append(line.summary())
            print_line(done[-1])
    print_table(done)
    starts = [line["secondsToFirstStep"] for line in done if line["secondsToFirstStep"] and line["task"] == "training"]
    if starts:
        print(f"\nStrata: {min(s['least'] for s in starts):.2f}–{max(s['most'] for s in starts):.2f} s from a process's start to its first training step;", end=" ")
        print(f"{max(line['augmentedImagesPerSecond'] for line in done):.0f} images/s augmented on one core")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(done, file, indent=1)


main()
