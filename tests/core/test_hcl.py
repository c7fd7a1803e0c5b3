"""A rendered root says exactly what it was given, whatever that is, and nothing else parses."""

import dataclasses
import json
import re
import subprocess
import unicodedata
from pathlib import Path

import hcl2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from provisioner.core.hcl import content_hash, parse, render
from provisioner.core.hcl_literals import RootSyntaxError, string_literal
from provisioner.core.names import Place
from provisioner.core.root import Restore

from tests.core.examples import root
from tests.thorough import tries

HOSTILE = [
    '${file("/etc/hostname")}',
    "%{ for x in [1] }${x}%{ endfor }",
    "$${escaped}",
    "$$${",
    "%%{",
    '" }\nresource "null_resource" "x" {}\n#',
    "\\",
    '\\"',
    "\\${x}",
    "a\r\nb\tc\x00d\x1b[31m",
    "\u2028\u2029\u202e\ufeff\u200b",
    "\ud800",
    "<<EOT\nx\nEOT",
    "/* */ // #",
    "💥" * 3,
    "\U000e0041",
]
# Pieces that mean something to HCL, in any order and number, and any other text between them.
PIECES = st.sampled_from(
    ["${", "%{", "$", "%", "{", "}", '"', "\\", "\n", "\r", "\t", "\x00", "<<EOT", "#", "u", "U"]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map("".join)


def as_terraform_reads(text: str) -> str:
    """Text as Terraform keeps it: NFC, and no lone surrogate."""
    return unicodedata.normalize("NFC", re.sub("[\ud800-\udfff]", "\ufffd", text))


@settings(max_examples=tries(10_000, 500))
@given(TEXT)
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[3])
@example(HOSTILE[9])
def test_no_text_leaves_its_literal_and_each_comes_back(text: str) -> None:
    literal = string_literal(text)

    inside = literal[1:-1]
    assert literal[0] == literal[-1] == '"'
    assert literal.isprintable() or all(ord(char) > 0x7F for char in literal if not char.isprintable())
    assert re.fullmatch(r'(?:[^"\\\n\r]|\\[nrt"\\]|\\u[0-9A-F]{4}|\\U[0-9A-F]{8})*', inside)
    # Every ${ and %{ is escaped: an odd run of sigils before a brace would open a template.
    for match in re.finditer(r"([$%])\1*(?=\{)", inside):
        assert len(match[0]) >= 2
    one = dataclasses.replace(root(), purpose=re.sub("[\ud800-\udfff]", "\ufffd", text))
    assert parse(render(one)) == one


@settings(max_examples=200)
@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{1,20}", fullmatch=True), TEXT, max_size=4), TEXT)
def test_every_root_comes_back_as_it_was(tags: dict[str, str], purpose: str) -> None:
    clean = {key: re.sub("[\ud800-\udfff]", "\ufffd", value) for key, value in tags.items()}
    restore = Restore(database="prod-orders", point_in_time="2026-11-20T10:00:00Z")
    one = dataclasses.replace(
        root(), tags=clean, purpose=re.sub("[\ud800-\udfff]", "", purpose), restore=restore
    )

    assert parse(render(one)) == one


def test_terraform_itself_reads_hostile_text_as_text(tmp_path: Path) -> None:
    texts = [*HOSTILE, *(f"{left}{right}" for left in HOSTILE[:8] for right in HOSTILE[:8])]
    lines = [
        f'output "t{number}" {{\n  value = {string_literal(text)}\n}}\n' for number, text in enumerate(texts)
    ]
    (tmp_path / "main.tf").write_text("".join(lines), encoding="utf-8")

    for command in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        subprocess.run(["terraform", *command, "-no-color"], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run(["terraform", "output", "-json"], cwd=tmp_path, check=True, capture_output=True)

    outputs = json.loads(done.stdout)
    assert [outputs[f"t{number}"]["value"] for number in range(len(texts))] == [
        as_terraform_reads(text) for text in texts
    ]


def test_a_line_feed_a_tab_and_a_carriage_return_are_written_as_their_names() -> None:
    hostile = dataclasses.replace(root(), purpose="one\ntwo\tthree\rfour")

    text = render(hostile)

    assert r'= "one\ntwo\tthree\rfour"' in text
    assert ("\t" in text, "\r" in text) == (False, False)
    assert parse(text) == hostile


def test_an_independent_parser_sees_one_module_with_literal_arguments() -> None:
    content = hcl2.loads(render(root(purpose="plain")))

    assert set(content) - {"__comments__"} == {"terraform", "provider", "module", "output"}
    assert len(content["module"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('provider "aws" {}', 'provider "aws" {\n  profile = "x"\n}'),
        lambda text: text + 'data "external" "x" {}\n',
        lambda text: text.replace("storage_gb            = 20", "storage_gb            = var.x"),
        lambda text: text.replace('"alpha"', 'file("/etc/passwd")', 1),
        lambda text: text.replace("../../../modules/rds_database", "https://example.com/evil.zip"),
        lambda text: text.replace("use_lockfile = true", "use_lockfile = false"),
        lambda text: text.replace("}\n\noutput", '  password = "x"\n}\n\noutput'),
        lambda text: text.replace("= 20", "=  20"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("dev/mydb123/terraform", "prod/other/terraform"),
        lambda text: "",
    ],
)
def test_what_render_does_not_write_does_not_parse(change: "type[object]") -> None:
    text = str(change(render(root())))  # type: ignore[call-arg]

    with pytest.raises(RootSyntaxError):
        parse(text)


def test_places_are_derived_from_the_name() -> None:
    assert Place("dev", "mydb123").root_path == "terraform/databases/dev/mydb123/main.tf"
    assert Place("dev", "mydb123").state_key == "databases/dev/mydb123/terraform.tfstate"
    assert content_hash("a") != content_hash("b")
