"""What the stack of release 0.1 has keeps its logical id: under another one CloudFormation makes it twice.

It makes the new one first, which fails where its name is taken, and deletes the old one afterwards.
"""

from tests.compatibility import samples
from tests.template.stack import translated


def test_every_resource_of_the_first_release_keeps_its_logical_id() -> None:
    found = {name: made["Type"] for name, made in translated().items()}
    kept: dict[str, str] = samples.content("stack.json")
    assert {name: found.get(name) for name in kept} == kept
