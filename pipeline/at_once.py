"""How many roots are applied at once, and which come first.

Measured (bench/terraform_memory.py): the first Terraform process with the AWS provider takes 515 MiB while it
applies, each further one 385 MiB (310 to 390 while it plans); the provider's binary, 675 MiB, is mapped once
for all and may be dropped from memory. The quick come first, and the teams take turns: fifty databases of one
do not hold up another's one.
"""

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pipeline.bad_setting import BadSetting
from pipeline.pending import Work

PROCESS_MIB: Final = 500
SPARE_MIB: Final = 800
MOST: Final = 16
_CGROUP: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def at_once(environment: Mapping[str, str], memory_mib: int | None = None) -> int:
    """APPLY_AT_ONCE, or as many as the job's memory holds; raises BadSetting."""
    given = environment.get("APPLY_AT_ONCE", "")
    if given:
        if not given.isdecimal() or not 1 <= int(given) <= MOST:
            raise BadSetting(f"APPLY_AT_ONCE is {given!r}: set a number from 1 to {MOST}, or leave it out")
        return int(given)
    memory = memory_mib if memory_mib is not None else _memory_mib()
    return max(1, min(MOST, (memory - SPARE_MIB) // PROCESS_MIB))


def in_turn(work: Iterable[Work]) -> list[Work]:
    """The order in which work begins: what is quick first, then each team's next, one after the other."""
    quick: dict[str, deque[Work]] = defaultdict(deque)
    slow: dict[str, deque[Work]] = defaultdict(deque)
    for item in work:
        root = item.root
        lanes = slow if item.removal or not item.applied_before else quick
        lanes[root.team if root else ""].append(item)
    return [*_round_robin(quick), *_round_robin(slow)]


def _round_robin(lanes: Mapping[str, deque[Work]]) -> Iterable[Work]:
    waiting = [lanes[team] for team in sorted(lanes)]
    while waiting:
        for lane in waiting:
            yield lane.popleft()
        waiting = [lane for lane in waiting if lane]


def _memory_mib() -> int:
    """What this job may use: its container's limit, or the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    for path in _CGROUP:
        text = path.read_text().strip() if path.is_file() else ""
        if text.isdecimal():
            return min(machine, int(text) // 2**20)
    return machine
