"""Tasks that do nothing, as many a second as a peer's scheduler hands out, runs and takes back; prints a line of JSON."""

import argparse
import json
import multiprocessing
import time


def nothing(number):
    return number


def paced(batch, seconds):
    """`batch(n)` runs n tasks to their end; called with ever more until it takes long enough."""
    batch(100)
    count = 200
    while True:
        began = time.perf_counter()
        batch(count)
        taken = time.perf_counter() - began
        if taken >= seconds / 2:
            return count, taken
        count = int(count * min(8, max(1.5, 0.8 * seconds / taken)))


def with_ray(options):
    import ray

    ray.init(num_cpus=options.cores, include_dashboard=False, log_to_driver=False, configure_logging=False)
    task = ray.remote(nothing)
    result = paced(lambda n: ray.get([task.remote(i) for i in range(n)]), options.seconds)
    ray.shutdown()
    return ray.__version__, "results in memory", *result


def with_dask(options):
    import dask
    import distributed

    dask.config.set({"distributed.worker.daemon": False})
    cluster = distributed.LocalCluster(
        n_workers=options.cores, threads_per_worker=1, dashboard_address=None, processes=True)
    client = distributed.Client(cluster)
    result = paced(lambda n: client.gather(client.map(nothing, range(n), pure=False)), options.seconds)
    client.close()
    cluster.close()
    return distributed.__version__, "results in memory", *result


def storage(options):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if options.peer == "optuna-sqlite":
        return optuna.storages.RDBStorage(f"sqlite:///{options.folder}/optuna.db")
    backend = optuna.storages.journal.JournalFileBackend(f"{options.folder}/optuna.log")
    return optuna.storages.JournalStorage(backend)


def optimize(options, count):
    import optuna

    study = optuna.load_study(
        study_name="nothing", storage=storage(options), sampler=optuna.samplers.RandomSampler())
    study.optimize(lambda trial: 0.0, n_trials=count)


def with_optuna(options):
    import optuna

    optuna.create_study(study_name="nothing", storage=storage(options))

    def batch(count):
        share = [count // options.cores + (i < count % options.cores) for i in range(options.cores)]
        workers = [multiprocessing.Process(target=optimize, args=(options, n)) for n in share]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            if worker.exitcode != 0:
                raise SystemExit(f"{options.peer}: a worker ended with status {worker.exitcode}")

    return optuna.__version__, "results in its storage", *paced(batch, options.seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=["ray", "dask", "optuna-sqlite", "optuna-journal"])
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    run = {"ray": with_ray, "dask": with_dask}.get(options.peer, with_optuna)
    version, recorded, count, seconds = run(options)
    print(json.dumps({
        "peer": options.peer, "version": version, "recorded": recorded, "tasks": count, "seconds": seconds,
        "tasks_per_second": count / seconds}))


if __name__ == "__main__":
    main()
