"""Loads Strata's coordinator and its peers' schedulers in turn; run by scripts/bench-coordinator."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

LOADS = ["trials", "results", "connections", "checkpoints", "sweep"]
PEERS = ["ray", "dask", "optuna-sqlite", "optuna-journal"]


def note(message):
    print(message, file=sys.stderr, flush=True)


def strata(options, load):
    command = [options.strata, "bench", "coordinator", load, "--json", "--folder", options.folder]
    if options.quick:
        command.append("--quick")
    if load == "checkpoints":
        command.append("--curve")
    return json.loads(subprocess.check_output(command, text=True, timeout=600))[0]


def peer(options, name):
    script = os.path.join(os.path.dirname(__file__), "tasks.py")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        command = [sys.executable, script, name, "--cores", str(os.cpu_count()), "--folder", folder]
        command += ["--seconds", "4" if options.quick else "10"]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        return {"peer": name, "error": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def show(result):
    if "load" in result:
        print(result["load"])
        for figure in result["figures"]:
            value = figure["value"]
            text = f"{value:.3f}" if abs(value) < 10 and value != round(value) else f"{value:,.0f}"
            print(f"  {figure['name']}: {text} {figure['unit']}")
    elif "error" in result:
        print(f"{result['peer']}: {result['error']}")
    else:
        print(f"{result['peer']} {result['version']}: {result['tasks_per_second']:,.0f} tasks/s that do nothing, "
              f"{result['recorded']}; {result['tasks']} in {result['seconds']:.1f} s")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--strata", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=LOADS, default=LOADS)
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="on the disk to write to")
    parser.add_argument("--json", help="file for all figures")
    parser.add_argument("--without-peers", action="store_true")
    options = parser.parse_args()
    results = []
    for run, names in [(strata, options.only), (peer, [] if options.without_peers else PEERS)]:
        for name in names:
            note(f"measuring {name}")
            results.append(run(options, name))
            show(results[-1])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
