"""What a job costs a worker: CPU of the worker's process per job that does nothing, over RabbitMQ.

    ./dev bench worker [--jobs 5000] [--concurrency 8] [--url amqp://...]

The worker is a process of its own, started by this one; the jobs are published before it starts, and their results are
left in their queue, so that no other process shares what is measured. Prints microseconds per job and jobs per second.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import threading
import time
from multiprocessing.connection import Connection as Pipe
from uuid import uuid4

from kombu import Connection

from connectors import Job, connector
from connectors.envelopes import job_envelope
from connectors.messages import JobMessage
from connectors.queues import Topology
from connectors.registry import Registry
from connectors.transport import open_transport
from connectors.worker import Worker

TYPE = "nothing"


@connector(TYPE)
def nothing(job: Job) -> dict[str, int]:
    return {"answer": 42}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    arguments.add_argument("--jobs", type=int, default=5000)
    arguments.add_argument("--concurrency", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--url", default="amqp://guest:guest@127.0.0.1:5672//")
    given = arguments.parse_args()
    costs, rates = [], []
    for _ in range(given.rounds):
        cost, rate = measure(given.url, given.jobs, given.concurrency)
        costs.append(cost)
        rates.append(rate)
        print(f"{cost:.0f} us of CPU per job, {rate:.0f} jobs/s")
    print(
        json.dumps({"cpu_us_per_job": round(statistics.median(costs)), "jobs_per_s": round(statistics.median(rates))})
    )


def measure(url: str, jobs: int, concurrency: int) -> tuple[float, float]:
    """CPU microseconds per job, and jobs per second."""
    topology = Topology(f"bpmnd-bench-{uuid4().hex[:8]}")
    transport = open_transport(url, topology)
    declared = transport.consumer([topology.job_queue(TYPE)], 1)
    declared.receive(1, 0)
    declared.close()
    publisher = transport.publisher()
    publisher.publish([job_envelope(topology, _job(number)) for number in range(jobs)])
    publisher.close()
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, url, topology.prefix, concurrency))
    process.start()
    try:
        before, began = mine.recv(), time.perf_counter()
        with Connection(url) as connection:
            channel = connection.channel()
            results = topology.results_queue.name
            while channel.queue_declare(results, passive=True).message_count < jobs:
                time.sleep(0.02)
        seconds = time.perf_counter() - began
        mine.send("stop")
        after = mine.recv()
    finally:
        process.join(15)
        _delete(url, topology)
    return 1e6 * (after - before) / jobs, jobs / seconds


def _work(pipe: Pipe, url: str, prefix: str, concurrency: int) -> None:
    worker = Worker(url, Registry([nothing]), prefix=prefix, concurrency=concurrency)
    stop = threading.Event()
    pipe.send(_cpu())
    runner = threading.Thread(target=worker.run, args=(stop,))
    runner.start()
    pipe.recv()
    pipe.send(_cpu())
    stop.set()
    runner.join()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _job(number: int) -> JobMessage:
    return JobMessage(
        id=str(912890148675387406 + number),
        type=TYPE,
        instance_id=str(912890148675380000 + number),
        definition_key="order",
        version=1,
        element_id="charge",
        element_name="Charge card",
        variables={"number": number, "name": "Zoë", "lines": [{"sku": "a", "amount": 3}] * 5},
    )


def _delete(url: str, topology: Topology) -> None:
    with Connection(url) as connection:
        channel = connection.channel()
        for queue in (topology.results_queue.name, topology.job_queue(TYPE).name):
            channel.queue_delete(queue)
            channel.queue_delete(queue + ".dead")
        for exchange in topology.exchanges:
            channel.exchange_delete(exchange.name)


if __name__ == "__main__":
    main()
