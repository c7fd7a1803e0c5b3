"""What a root says, held against the request that it should carry out.

Values are compared, not bytes: a root of an earlier format says the same as the newest one, as far as it
has words for it.
"""

import dataclasses

from provisioner.core.hcl import format_of, parse, render
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.root import Root


def difference(request: Request, text: str | None) -> str | None:
    """How a database's main.tf (None: there is none) differs from what a request asked for; None where not.

    A removal asks for no root, every other kind for the request's own.
    """
    if request.kind is Kind.REMOVE:
        return None if text is None else "there is a root, which it removed"
    if text is None:
        return "the root is missing"
    try:
        found = parse(text)
    except RootSyntaxError as error:
        return f"the root cannot be read: {error}"
    wanted = parse(render(request.root, format_of(text)))
    names = [
        field.name
        for field in dataclasses.fields(Root)
        if getattr(found, field.name) != getattr(wanted, field.name)
    ]
    return f"the root has another {', '.join(names)}" if names else None
