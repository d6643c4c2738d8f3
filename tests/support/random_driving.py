"""Works off random processes with events: does one thing that waits after the other, and gives what is waited for."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.simulation import CheckedSimulator


class Driver:
    """`gifts` are messages, signals and conditions that come although something else could be done."""

    def __init__(self, simulator: CheckedSimulator, instance: int, random: Random, gifts: int = 6) -> None:
        self.simulator = simulator
        self.instance = instance
        self.random = random
        self.gifts = gifts

    def drive(self, most_moves: int) -> None:
        for _ in range(most_moves):
            if not self.move():
                return
        raise AssertionError(f"Expected an end after {most_moves} moves; {self.simulator.waiting()}")

    def move(self) -> bool:
        """Do one thing; False where nothing can be done."""
        simulator = self.simulator
        work = [*simulator.tasks, *simulator.jobs, *simulator.timers]
        given = [
            pending
            for table in (simulator.subscriptions, simulator.signals, simulator.conditions)
            for pending in table.values()
        ]
        if given and self.gifts > 0 and (not work or self.random.random() < 0.2):
            self.gifts -= 1
            self.give(self.random.choice(given))
            return True
        if work:
            self.do(self.random.choice(work))
            return True
        needed = [pending for pending in given if pending.effect.element_id.startswith("catch")]
        if needed:
            self.give(self.random.choice(needed))
            return True
        return False

    def do(self, chosen: int) -> None:
        simulator = self.simulator
        if chosen in simulator.timers:
            simulator.advance(simulator.timers[chosen].effect.due_at - simulator.now)
        elif chosen in simulator.tasks:
            simulator.complete_task(chosen)
        else:
            simulator.complete_job(chosen)

    def give(self, pending: Any) -> None:
        simulator, effect = self.simulator, pending.effect
        if effect.id in simulator.subscriptions:
            simulator.publish(effect.name)
        elif effect.id in simulator.signals:
            simulator.signal(effect.name)
        else:
            (name,) = effect.names
            simulator.set_variables(pending.instance_id, **{name: True})
