"""A function is called slower where its rounds say so, not where one of them was disturbed."""

from bench.cold_start import HANDLERS, NEWER, lines
from tests.template.stack import of_type


def test_every_deployed_module_is_measured() -> None:
    handlers = {function["Handler"] for function in of_type("AWS::Serverless::Function").values()}
    modules = {handler.removeprefix("provisioner.handlers.").partition(".")[0] for handler in handlers}
    assert modules == {*HANDLERS, *NEWER}


def test_the_least_of_the_rounds_decides() -> None:
    steady, disturbed, slow = lines(
        [0.2, 0.2, 0.3],
        {
            "steady": [(0.40, 0.40), (0.44, 0.44), (0.48, 0.48)],
            "disturbed": [(0.40, 0.40), (0.40, 0.90), (0.40, 0.40)],
            "slow": [(0.40, 0.42), (0.44, 0.46), (0.48, 0.50)],
        },
    )
    assert not steady.is_slower
    assert not disturbed.is_slower
    assert slow.is_slower
    assert str(slow) == "slow                  400      420    1.050     2.10  slower"
