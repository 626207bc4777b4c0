"""A sweep under fire, compared with one undisturbed; run by scripts/chaos."""

import argparse
import collections
import pathlib
import random
import signal
import sys
import tempfile
import time

import network
import stores
from cluster import LEASE, Cluster, Failed

STOPPED = "workers stopped beyond their lease (SIGSTOP, SIGCONT)"

DRILL = """
name: {name}
base:
  network: {{inputSize: 32, firstWidth: 16, stages: [{{width: 16, blocks: 1}}, {{width: 32, blocks: 1}}], head: [32]}}
  training: {{epochs: 2}}
  data: {{dataset: synthetic}}
  analysis: {{snapshots: [1, 2]}}
seeds: {seeds}
"""

TRAINING = """
name: {name}
base:
  network: {{inputSize: 32, firstWidth: 16, stages: [{{width: 16, blocks: 1}}, {{width: 32, blocks: 1}}], head: [32]}}
  training: {{epochs: {epochs}, batch: 64}}
  data: {{dataset: synthetic, train: 1500, test: 300}}
  quantization: {{calibrationImages: 128}}
  analysis: {{snapshots: [1, {epochs}], sensitivityImages: 8}}
grid:
  network.factorization: [none, {{uniform: 4}}]
"""


def note(text):
    print(text, file=sys.stderr, flush=True)


def wait_for(what, seconds, condition, cluster):
    deadline = time.monotonic() + seconds
    while not condition():
        cluster.check()
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.05)


class Fire:
    """What is done to a cluster, and when: one list of times, one source of chance."""

    def __init__(self, cluster, options, chance):
        self.cluster, self.options, self.chance = cluster, options, chance
        self.agenda = []
        self.done = collections.Counter()
        self.cut = set()
        self.stopped = set()
        self.worker_options = ["--drill", str(options.drill), "--checkpoint-interval", "0.05"]

    def at(self, seconds, action, *arguments):
        self.agenda.append((time.monotonic() + seconds, action, arguments))

    def begin(self):
        self.cluster.start_coordinator("--losses", "1000")
        for _ in range(self.options.workers):
            self.worker_joins()
        self.at(self.chance.expovariate(1 / 2), self.worker_stops)
        if self.cluster.network.hosts:
            self.at(self.chance.uniform(2, 5), self.link_is_cut)

    def worker_joins(self):
        number = self.cluster.start_worker(*self.worker_options)
        self.at(self.chance.expovariate(1 / self.options.mean_life), self.worker_dies, number)

    def worker_dies(self, number):
        self.cluster.kill_worker(number)
        self.done["workers killed (SIGKILL)"] += 1
        self.worker_joins()

    def worker_stops(self):
        self.at(self.chance.expovariate(1 / 2), self.worker_stops)
        number = self.chance.choice(list(self.cluster.workers))
        if number in self.stopped:
            return
        self.stopped.add(number)
        self.cluster.signal_worker(number, signal.SIGSTOP)
        # It is not to be killed while it is stopped: what it says afterwards is the point.
        self.agenda = [entry for entry in self.agenda if entry[1:] != (self.worker_dies, (number,))]
        pause = self.chance.uniform(1.2, 2.5) * LEASE
        self.at(pause, self.worker_goes_on, number)
        self.at(pause + self.chance.expovariate(1 / self.options.mean_life), self.worker_dies, number)

    def worker_goes_on(self, number):
        self.stopped.discard(number)
        self.cluster.signal_worker(number, signal.SIGCONT)
        self.done[STOPPED] += 1

    def link_is_cut(self):
        host = self.chance.randrange(self.cluster.network.hosts)
        if host not in self.cut:
            silently = self.chance.random() < 0.5
            self.cluster.network.cut(host, silently)
            self.cut.add(host)
            self.done[f"links cut ({'silently' if silently else 'down'})"] += 1
            self.at(self.chance.uniform(0.5, 2.5) * LEASE, self.link_heals, host)
        self.at(self.chance.uniform(2, 6), self.link_is_cut)

    def link_heals(self, host):
        self.cluster.network.heal(host)
        self.cut.discard(host)

    def coordinator_dies(self):
        self.cluster.kill_coordinator()
        self.done["coordinator killed (SIGKILL)"] += 1
        time.sleep(self.chance.uniform(0.1, 2))
        self.cluster.start_coordinator("--losses", "1000")

    def act(self):
        """Does what is due."""
        now = time.monotonic()
        due = sorted((entry for entry in self.agenda if entry[0] <= now), key=lambda entry: entry[0])
        for entry in due:
            if entry in self.agenda:
                self.agenda.remove(entry)
                entry[1](*entry[2])

    def rage(self):
        """Goes on until every trial is over. The coordinator's deaths are spread over the sweep, not over time."""
        trials, kills = self.options.trials, self.options.coordinator_kills
        last, moved = 0, time.monotonic()
        while (over := stores.finished(self.cluster.store)) < trials:
            if over > last:
                last, moved = over, time.monotonic()
            if time.monotonic() - moved > 180:
                raise Failed(f"{over} of {trials} trials are over, and for 180 s no other")
            killed = self.done["coordinator killed (SIGKILL)"]
            if killed < kills and over >= (killed + 1) * trials / (kills + 1):
                self.coordinator_dies()
            self.act()
            self.cluster.check()
            time.sleep(0.02)
        for host in list(self.cut):
            self.link_heals(host)
        for number in list(self.cluster.workers):
            self.cluster.signal_worker(number, signal.SIGCONT)

    def missed(self):
        """What the sweep was to meet before it ended, and did not; a short one need not meet all."""
        wanted = {"coordinator killed (SIGKILL)": self.options.coordinator_kills, "workers killed (SIGKILL)": 1}
        if self.options.trials >= 500:
            wanted[STOPPED] = 1
            if self.cluster.network.hosts:
                wanted["links cut (silently)"] = wanted["links cut (down)"] = 1
        return [f"{what}: {self.done[what]} in place of {least}"
                for what, least in wanted.items() if self.done[what] < least]


def undisturbed(options, folder, sweep, worker_options, workers):
    cluster = Cluster(options.strata, folder, network.Loopback(), sweep, folder / "undisturbed.store")
    try:
        began = time.monotonic()
        cluster.start_coordinator()
        for _ in range(workers):
            cluster.start_worker(*worker_options)
        cluster.wait(1800)
        return cluster.store, time.monotonic() - began
    finally:
        cluster.end()


def verdict(options, first, second, trials):
    """Prints what the stores say; whether they agree."""
    incidental = stores.INCIDENTAL_OF_TRAINING if options.training else stores.INCIDENTAL
    counts, found = stores.differences(first, second, incidental)
    lost = stores.lost_files(second)
    endings, resumed, most, twice = stores.attempts(second)
    print(f"attempts: {sum(endings.values())} at {trials} trials, at most {most} at one; "
          + ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
          + f"; {resumed} went on from a checkpoint")
    if endings.get("failed"):
        found.append(f"{endings['failed']} attempts failed by themselves")
    if endings.get("open"):
        found.append(f"{endings['open']} attempts have no end")
    if twice or endings.get("result") != trials:
        found.append(f"{endings.get('result')} attempts at {trials} trials have a result, {twice} trials several")
    if lost:
        found.append(f"{len(lost)} checkpoint files are lost, {lost[0]} for instance")
    print("rows compared: " + ", ".join(f"{table} {count}" for table, count in counts.items()))
    for line in found:
        print(f"DIFFERENT: {line}")
    if not found:
        print("EQUAL: the final store is that of the undisturbed run, row for row")
    return not found


def chaos(options, folder):
    sweep = folder / "chaos.yaml"
    sweep.write_text(DRILL.format(name="chaos", seeds=options.trials))
    note(f"undisturbed: {options.trials} trials")
    reference, seconds = undisturbed(options, folder, sweep, ["--drill", "20"], 4)
    hosts, line = network.hosts(min(5, options.workers))
    print(f"seed {options.seed}; {options.trials} trials of {options.drill} ms, {options.workers} workers; {line}")
    print(f"undisturbed: {seconds:.1f} s (trials of 20 ms, 4 workers)")
    cluster = Cluster(options.strata, folder, hosts, sweep, folder / "disturbed.store")
    fire = Fire(cluster, options, random.Random(options.seed))
    try:
        began = time.monotonic()
        fire.begin()
        fire.rage()
        cluster.wait(150)
        print(f"disturbed: {time.monotonic() - began:.1f} s, {cluster.made} worker processes")
    finally:
        cluster.end()
        hosts.remove()
    for what, count in sorted(fire.done.items()):
        print(f"  {what}: {count}")
    print(f"  attempts revoked when their worker came back: {cluster.count('is revoked')}")
    equal = verdict(options, reference, cluster.store, options.trials)
    for line in fire.missed():
        print(f"TOO SOON OVER: {line}")
    return equal and not fire.missed()


def outage(options, folder):
    """One long absence of the coordinator while every worker is in the middle of a trial."""
    sweep = folder / "outage.yaml"
    if options.training:
        trials, workers = 2, [["--checkpoint-interval", "0.5"]] * 2
        sweep.write_text(TRAINING.format(name="outage", epochs=options.epochs))
        reference, seconds = undisturbed(options, folder, sweep, workers[0], 2)
    else:
        trials = 4
        # Two trials end while there is no coordinator, two go on beyond.
        workers = [["--drill", str(int(options.outage * share * 1000)), "--checkpoint-interval", "1"]
                   for share in [0.3, 0.6, 1.2, 1.5]]
        sweep.write_text(DRILL.format(name="outage", seeds=trials))
        reference, seconds = undisturbed(options, folder, sweep, ["--drill", "20"], 4)
    print(f"undisturbed: {seconds:.1f} s")
    cluster = Cluster(options.strata, folder, network.Loopback(), sweep, folder / "outage.store", lease=30)
    running = "SELECT count(*) FROM trial JOIN snapshot ON snapshot.trial = trial.id WHERE state = 'running' AND epoch = 0"
    if options.training:
        running = "SELECT count(*) FROM trial JOIN checkpoint ON trial = id WHERE state = 'running'"
    try:
        cluster.start_coordinator()
        for options_of_worker in workers:
            cluster.start_worker(*options_of_worker)
        wait_for("all trials to be under way", 120,
                 lambda: stores.ask(cluster.store, running) == [(trials,)], cluster)
        cluster.kill_coordinator()
        note(f"the coordinator is killed for {options.outage} s")
        began = time.monotonic()
        while time.monotonic() - began < options.outage:
            for number, process in cluster.workers.items():
                if process.poll() is not None:
                    raise Failed(f"worker {number} left during the outage{cluster.last(process)}")
            time.sleep(0.2)
        ended = cluster.count(" ends: ")
        print(f"outage: {time.monotonic() - began:.0f} s; trials that ended meanwhile, kept by their workers: {ended}")
        returned = time.monotonic()
        cluster.start_coordinator()
        cluster.wait(options.outage + 300)
        print(f"all trials over, their results stored, {time.monotonic() - returned:.1f} s after its return")
    finally:
        cluster.end()
    equal = verdict(options, reference, cluster.store, trials)
    repeated = stores.ask(cluster.store, "SELECT count(*) FROM attempt WHERE number > 1 OR resumed_epoch IS NOT NULL")
    if repeated != [(0,)]:
        print("DIFFERENT: some trial was begun again")
        return False
    print("no step was repeated: every trial has one attempt, which went from its first step to its last")
    return equal


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--strata", required=True, help="the program (default: built)")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--mean-life", type=float, default=4, help="seconds until a worker is killed")
    parser.add_argument("--coordinator-kills", type=int, default=20)
    parser.add_argument("--drill", type=int, default=600, help="milliseconds a trial takes under fire")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--quick", action="store_true", help="60 trials, 6 workers, 4 coordinator kills")
    parser.add_argument("--outage", type=float, help="seconds without a coordinator, in place of all other faults")
    parser.add_argument("--training", action="store_true", help="with --outage: train, in place of synthetic trials")
    parser.add_argument("--epochs", type=int, default=40, help="with --training")
    parser.add_argument("--work", help="folder for stores and logs, kept (default: a temporary one)")
    options = parser.parse_args()
    if options.quick:
        options.trials, options.workers, options.coordinator_kills = 60, 6, 4
    # So that what was begun is cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.strata = str(pathlib.Path(options.strata).resolve())
    with tempfile.TemporaryDirectory(prefix="strata-chaos-") as temporary:
        folder = pathlib.Path(options.work or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if list(folder.glob("*.store")):
            sys.exit(f"{folder} already has stores: name an empty folder for --work")
        try:
            equal = (outage if options.outage else chaos)(options, folder)
        except Failed as error:
            sys.exit(f"chaos: seed {options.seed}: {error}")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
