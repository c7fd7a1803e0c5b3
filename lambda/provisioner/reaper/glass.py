"""⑥ The break-glass switches that are open: counted at each run, so that the alarm rings until they close."""

from provisioner.intake.opening import Opening


def open_glasses(opening: Opening) -> int:
    """How many are open; those whose time is over leave the list."""
    switch, count = opening.ledger.break_glass, 0
    for glass in list(switch.watched(opening.now)):
        if glass.is_open(opening.now):
            count += 1
        else:
            switch.forget_expired(glass)
    return count
