"""Small changes of a module, one at a time: each makes a mutant, which the module's tests should notice.

A change has a name that survives edits elsewhere in the module: the function, and the expression before and
after. Texts that people read are changed too, but not docstrings, annotations and what is inside f-strings.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_LONGEST: Final = 100
# A function's name, whether it is one, and the lines of the statement.
_Within = tuple[str, bool, range]
_NOTHING: Final = ast.Pass()


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed module: the change's name, whether it is in a function, the lines of the statement (of a
    compound one, of what is changed in it), and the module's tree with it.
    """

    name: str
    in_function: bool
    lines: range
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node hangs: the field of its parent, and the position in it where that is a list."""

    parent: ast.AST
    field: str
    position: int | None

    def put(self, node: ast.AST) -> None:
        if self.position is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.position] = node


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, about in the order of its lines; each is one until the next is asked for."""
    tree, seen = ast.parse(source), Counter[str]()
    for place, node, (function, in_function, lines) in _nodes(tree, ("module", False, range(0))):
        for changed in _changes(node):
            name = f"{function}: {_shown(node)} -> {_shown(changed)}"
            seen[name] += 1
            if seen[name] > 1:
                name += f" ({seen[name]})"
            place.put(changed)
            yield Mutant(name, in_function, lines, tree)
            place.put(node)


def _nodes(parent: ast.AST, within: _Within) -> Iterator[tuple[_Place, ast.AST, _Within]]:
    """Each node that may be changed, with its place, and what it is in."""
    for field, value in ast.iter_fields(parent):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        children = value if isinstance(value, list) else [value]
        for position, node in enumerate(children):
            if not isinstance(node, ast.AST) or _is_docstring(parent, node, position):
                continue
            inside = within
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                name = node.name if within[0] == "module" else f"{within[0]}.{node.name}"
                inside = name, within[1] or isinstance(node, ast.FunctionDef), range(0)
            else:
                inside = *inside[:2], _lines(node, inside[2])
            yield _Place(parent, field, position if isinstance(value, list) else None), node, inside
            if not isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom):
                yield from _nodes(node, inside)


def _lines(node: ast.AST, within: range) -> range:
    """The lines that run where a node does: those of its statement, or in a compound one its own."""
    if isinstance(node, ast.If):
        return _lines(node.test, range(0))
    if isinstance(node, ast.stmt) and hasattr(node, "body"):
        return range(0)
    if isinstance(node, ast.stmt) or (isinstance(node, ast.expr) and not within):
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return within


def _is_docstring(parent: ast.AST, node: ast.AST, position: int) -> bool:
    has = isinstance(parent, ast.Module | ast.FunctionDef | ast.ClassDef)
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return has and position == 0 and text


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            yield from _of_comparison(node)
        case ast.BoolOp():
            yield from _of_bool(node)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield ast.BinOp(node.left, other, node.right)
        case ast.Constant():
            yield from _of_constant(node)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.If(test=ast.Name() | ast.Call() | ast.Attribute() | ast.NamedExpr()):
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield _NOTHING
        case ast.Set() | ast.Dict():
            yield from _of_members(node)
        case ast.comprehension(ifs=[_, *_]):
            yield ast.comprehension(node.target, node.iter, [], node.is_async)


def _of_comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for position, op in enumerate(node.ops):
        other = _COMPARED[type(op)]()
        yield ast.Compare(
            node.left, [*node.ops[:position], other, *node.ops[position + 1 :]], node.comparators
        )
        right = node.comparators[position]
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.Tuple):
            for left_out in range(len(right.elts)):
                fewer = ast.Tuple(right.elts[:left_out] + right.elts[left_out + 1 :], ast.Load())
                yield ast.Compare(node.left, node.ops, [*node.comparators[:position], fewer])


def _of_bool(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if len(node.values) > 2:
        for left_out in range(len(node.values)):
            yield ast.BoolOp(node.op, node.values[:left_out] + node.values[left_out + 1 :])
    else:
        yield from node.values


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"X{value}")


def _of_members(node: ast.Set | ast.Dict) -> Iterator[ast.AST]:
    if isinstance(node, ast.Set):
        if len(node.elts) > 1:
            for left_out in range(len(node.elts)):
                yield ast.Set(node.elts[:left_out] + node.elts[left_out + 1 :])
        return
    for left_out in range(len(node.keys)):
        yield ast.Dict(
            node.keys[:left_out] + node.keys[left_out + 1 :],
            node.values[:left_out] + node.values[left_out + 1 :],
        )


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        node = node.test
    if isinstance(node, ast.comprehension):
        return "if " + " and ".join(map(ast.unparse, node.ifs)) if node.ifs else "no condition"
    if isinstance(node, ast.Pass):
        return "nothing"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
