"""The commands of the guides as they stand: their order, names and AWS parameters; nothing is run here."""

import importlib.util
import re
import subprocess
from collections.abc import Sequence

import pytest
import yaml

from tests.guide import aws_commands
from tests.guide.blocks import PROJECT, Block, blocks, commands, inline

FOUNDATION = "terraform/foundation/README.md"
RUNBOOK = "docs/runbook.md"


def guide() -> list[Block]:
    """The blocks of docs/deploy.md, with the foundation's in the place of step 3."""
    deploy = blocks("docs/deploy.md")
    text = (PROJECT / "docs/deploy.md").read_text(encoding="utf-8")
    third = text[: text.index("## 3 Foundation")].count("\n")
    before = [block for block in deploy if block.line < third]
    return [*before, *blocks(FOUNDATION), *deploy[len(before) :]]


WALKS = {"docs/deploy.md": guide(), RUNBOOK: blocks(RUNBOOK)}
EVERY = [
    *WALKS["docs/deploy.md"],
    *WALKS[RUNBOOK],
    *[block for name in ("access", "events", "console", "upgrade") for block in blocks(f"docs/{name}.md")],
]
# The shell's own, and what the guides install or ask for.
PROGRAMS = {
    *("aws", "sam", "terraform", "make", "python", "curl", "psql", "mysql", "jq"),
    *("cd", "cp", "rm", "export", "defines", "for", "do", "done", "unset"),
}
# What the shell has before the first command.
GIVEN = {"PWD", "PATH", "HOME", "1"}
# What the operator puts there, as the prose says.
PUT = {"key.pem"}
each_block = pytest.mark.parametrize("block", EVERY, ids=str)
each_walk = pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)


def test_the_guides_have_these_many_blocks() -> None:
    """A block that the reader above does not see would not be checked: count them when you add one."""
    assert {name: len(walk) for name, walk in WALKS.items()} == {"docs/deploy.md": 10, RUNBOOK: 6}


@each_block
def test_bash_reads_it(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@each_block
def test_it_names_programs_that_the_guide_installs(block: Block) -> None:
    defined = {words[1] for each in EVERY for words in words_of(each) if words[0] == "defines"}
    assert {words[0] for words in words_of(block)} - PROGRAMS - defined == set()


@each_block
def test_aws_has_its_operations_with_these_options(block: Block) -> None:
    assert [found for words in aws_of(block.text) for found in aws_commands.problems(words)] == []


def test_aws_has_the_operations_that_prose_names() -> None:
    documents = sorted(path.relative_to(PROJECT) for path in (PROJECT / "docs").glob("*.md"))
    named = [(str(path), text) for path in documents for text in inline(str(path))]
    wrong = [
        (path, found)
        for path, text in named
        for words in aws_of(text)
        for found in aws_commands.problems(words)
        if "lacks" not in found or "--" in text  # a name alone says which operation
    ]
    assert len(named) >= 5
    assert wrong == []


def test_dead_letters_are_moved_to_a_queue_that_is_named() -> None:
    """What SNS itself put among them has no source that a move could go back to."""
    moves = [
        text
        for path in (PROJECT / "docs").glob("*.md")
        for text in inline(str(path.relative_to(PROJECT)))
        if "start-message-move-task" in text
    ]
    assert len(moves) >= 4
    assert [text for text in moves if "--destination-arn" not in text] == []


@each_walk
def test_what_a_command_uses_was_set_before(walk: Sequence[Block]) -> None:
    known, unset = set(GIVEN), []
    for block in walk:
        for command in commands(block.text):
            used = {name for word in command.words for name in re.findall(r"\$\{?(\w+)", word)}
            unset += [f"{block}: ${name}" for name in sorted(used - known - set(command.sets))]
            known |= set(command.sets)
            if command.words and command.words[0] == "defines":
                known.add(command.words[1])
            elif command.words and command.words[0] not in PROGRAMS | known:
                unset.append(f"{block}: {command.words[0]}")
    assert unset == []


def test_the_region_has_both_its_names() -> None:
    """SAM reads AWS_DEFAULT_REGION alone, Terraform and the AWS CLI AWS_REGION."""
    first = [command for command in commands(guide()[0].text) if "AWS_REGION" in command.sets]
    assert [set(command.sets) >= {"AWS_REGION", "AWS_DEFAULT_REGION"} for command in first] == [True]


@each_walk
def test_every_block_begins_at_the_top_and_names_what_is_there(walk: Sequence[Block]) -> None:
    lost = []
    for block in walk:
        here, made = PROJECT, set(PUT)
        for words in words_of(block):
            match words:
                case ("cd", target):
                    here = (here / target).resolve()
                    if not here.is_dir():
                        lost.append(f"{block}: cd {target}")
                case ("cp", source, target):
                    made.add(target)
                    if not (here / source).exists():
                        lost.append(f"{block}: cp {source}")
                case ("python", "-m", module, *_):
                    if here != PROJECT or importlib.util.find_spec(module) is None:
                        lost.append(f"{block}: python -m {module} in {here}")
                case ("make", target, *_):
                    if here != PROJECT or f"\n{target}:" not in (PROJECT / "Makefile").read_text():
                        lost.append(f"{block}: make {target}")
                case ("sam", "build" | "deploy", *_):
                    if not (here / "template.yaml").exists():
                        lost.append(f"{block}: sam in {here}")
                case ("terraform", *_):
                    if not list(here.glob("*.tf")):
                        lost.append(f"{block}: terraform in {here}")
            files = re.findall(r"file://(\S+)", " ".join(words))
            lost += [f"{block}: {file}" for file in files if not (here / file).exists() and file not in made]
        if here != PROJECT:
            lost.append(f"{block}: ends in {here.relative_to(PROJECT)}")
    assert lost == []


@each_block
def test_the_api_has_the_routes_that_it_calls(block: Block) -> None:
    text = (PROJECT / "lambda/provisioner/api/openapi.yaml").read_text(encoding="utf-8")
    routes = [re.sub(r"\{\w+\}", "[^/]+", route) for route in yaml.safe_load(text)["paths"]]
    called = [
        word.removeprefix("$URL").partition("?")[0]
        for words in words_of(block)
        if words[0] == "curl"
        for word in (*words,)
        if word.startswith("$URL/")
    ]
    assert [path for path in called if not any(re.fullmatch(route, path) for route in routes)] == []


def test_an_output_or_resource_that_a_command_reads_is_the_stacks() -> None:
    template = (PROJECT / "sam" / "template.yaml").read_text(encoding="utf-8")
    outputs = template.partition("\nOutputs:\n")[2]
    for block in EVERY:
        for words in words_of(block):
            if words[0] == "output":
                assert f"\n  {words[1]}:\n" in f"\n{outputs}", f"{block}: output {words[1]}"
            if words[0] == "physical":
                assert f"\n  {words[1]}:\n" in template, f"{block}: physical {words[1]}"


def test_the_checks_say_what_is_wrong_with_a_command() -> None:
    assert aws_commands.problems(["aws", "dynamodb", "delete-table"]) == [
        "dynamodb delete-table lacks --table-name"
    ]
    assert aws_commands.problems(["aws", "sqs", "start-message-move", "--source-arn", "a"]) == [
        "sqs has no operation start-message-move"
    ]
    assert aws_commands.problems(["aws", "sqs", "purge-queue", "--queue", "a", "--queue-url", "b"]) == [
        "sqs purge-queue has no option --queue"
    ]
    assert aws_commands.problems(["aws", "dynamodb", "wait", "table-gone", "--table-name", "a"]) == [
        "dynamodb cannot wait for table-gone"
    ]


def words_of(block: Block) -> list[tuple[str, ...]]:
    """The words of each command that has any."""
    return [command.words for command in commands(block.text) if command.words]


def aws_of(text: str) -> list[tuple[str, ...]]:
    return [command.words for command in commands(text) if command.words[:1] == ("aws",)]
