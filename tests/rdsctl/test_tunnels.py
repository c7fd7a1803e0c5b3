"""The way into a private network: what ssh and the AWS command line are asked for, and that it ends."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
from moto import mock_aws
from rdsctl.connection import mysql, postgres, tunnel
from rdsctl.connection.login import Login
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place

# Plays `ssh -L` and `aws ssm start-session`: notes what it was asked for, and leads the port to LEADS_TO.
STAND_IN = """#!{python}
import json, os, re, socket, sys, threading
with open(os.environ["NOTES"], "w") as notes:
    json.dump({{"arguments": sys.argv[1:], "process": os.getpid()}}, notes)
if os.environ.get("FAILS"):
    sys.exit("channel 0: open failed: administratively prohibited")
text = " ".join(sys.argv)
port = int((re.search(r"127.0.0.1:([0-9]+):", text) or re.search(r'localPortNumber": .."?([0-9]+)', text))[1])
listening = socket.create_server(("127.0.0.1", port))
def copy(source, target):
    while data := source.recv(4096):
        target.sendall(data)
while True:
    near, _ = listening.accept()
    far = socket.create_connection(("127.0.0.1", int(os.environ["LEADS_TO"])))
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


def login(engine: str = "postgres") -> Login:
    return Login(
        place=Place("dev", "orders"),
        engine=engine,
        host="dev-orders.c1xyz.eu-central-1.rds.amazonaws.com",
        port=5432,
        dbname="orders",
        user="application",
        roots="/roots.pem",
        arn=None,
        region="eu-central-1",
        expires_at="never",
        resource_port=5432,
        password="p:w",
    )


@pytest.fixture
def database() -> Iterator[int]:
    """A port that answers a word, as the database behind the tunnel."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            with near:
                near.sendall(b"database")

    threading.Thread(target=answer, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: int) -> Path:
    """Where the stand-ins for ssh and aws note what they were asked for."""
    python = os.path.realpath(os.sys.executable)  # type: ignore[attr-defined]
    for name in ("ssh", "aws"):
        path = tmp_path / name
        path.write_text(STAND_IN.format(python=python))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(tmp_path / "notes.json"))
    monkeypatch.setenv("LEADS_TO", str(database))
    return tmp_path / "notes.json"


def received(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as near:
        return near.recv(100)


@pytest.mark.parametrize("via", ["ssh:bastion", "ssm:i-0123456789abcdef0"])
def test_a_tunnel_leads_to_the_database_and_ends_with_the_block(notes: Path, via: str) -> None:
    with tunnel.opened(login(), via) as led:
        assert led.address == "127.0.0.1"
        assert led.host == login().host  # the certificate's name, and the passfile's
        assert received(led.port) == b"database"
        process = json.loads(notes.read_text())["process"]
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_ssh_is_asked_for_one_forward_and_no_shell(notes: Path) -> None:
    with tunnel.opened(login(), "ssh:bastion") as led:
        assert json.loads(notes.read_text())["arguments"] == [
            *("-N", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes"),
            *("-L", f"127.0.0.1:{led.port}:{login().host}:5432", "--", "bastion"),
        ]


def test_what_ssm_is_asked_for_is_what_its_api_takes() -> None:
    command = tunnel.ssm_command(login(), "i-0123456789abcdef0", 40_000)
    assert command[:3] == ["aws", "ssm", "start-session"]
    flags = dict(zip(command[3::2], command[4::2], strict=True))
    model = botocore.session.get_session().get_service_model("ssm").operation_model("StartSession")
    assert model.input_shape is not None
    given = {
        "Target": flags["--target"],
        "DocumentName": flags["--document-name"],
        "Parameters": json.loads(flags["--parameters"]),
    }
    report = botocore.validate.ParamValidator().validate(given, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert given["Parameters"] == {
        "host": [login().host],
        "portNumber": ["5432"],
        "localPortNumber": ["40000"],
    }
    assert flags["--region"] == "eu-central-1"


def test_a_tunnel_that_cannot_be_made_says_what_was_answered(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", "yes")
    with (
        pytest.raises(Failure, match="The ssh tunnel ended with 1") as ended,
        tunnel.opened(login(), "ssh:b"),
    ):
        pass
    assert ended.value.hints == ("channel 0: open failed: administratively prohibited",)


def test_without_the_program_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(Failure, match="ssh is not installed, and --via ssh needs it"),
        tunnel.opened(login(), "ssh:b"),
    ):
        pass


def test_the_instance_is_the_one_tagged_for_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with mock_aws():
        with pytest.raises(Failure, match="No running instance in eu-central-1 is tagged rds-access=dev"):
            tunnel.find_target(login())
        ec2 = boto3.client("ec2", region_name="eu-central-1")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        for environment in ("prod", "dev"):
            made = ec2.run_instances(
                ImageId=image,
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[
                    {"ResourceType": "instance", "Tags": [{"Key": "rds-access", "Value": environment}]}
                ],
            )["Instances"][0]["InstanceId"]
        assert tunnel.find_target(login()) == made


@pytest.mark.parametrize("via", ["carrier", "ssh:", "ssm:-x", "ssh:-oProxyCommand=id", "direct:x"])
def test_what_is_no_way_is_refused(via: str) -> None:
    with pytest.raises(Failure, match="is no way") as ended:
        tunnel.checked(via)
    assert ended.value.code is Exit.USAGE


def test_through_a_tunnel_psql_still_verifies_the_name_and_the_passfile_still_fits() -> None:
    led = login().through(40_000)
    variables = postgres.environment(led, {"PGPASSWORD": "stale", "PGTZ": "UTC", "HOME": "/root"})
    assert variables["PGHOST"] == login().host
    assert (variables["PGHOSTADDR"], variables["PGPORT"]) == ("127.0.0.1", "40000")
    assert variables["PGSSLMODE"] == "verify-full"
    assert (variables["PGTZ"], variables["HOME"]) == ("UTC", "/root")
    assert "PGPASSWORD" not in variables
    assert postgres.passfile(led) == f"{login().host}:40000:*:application:p\\:w\n"


def test_the_flags_are_those_of_the_client_that_is_found() -> None:
    mariadb = "mysql  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu"
    oracle = "mysql  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)"
    assert mysql.flags(login("mysql"), mariadb, iam=False) == ["--ssl-verify-server-cert"]
    assert mysql.flags(login("mysql"), oracle, iam=False) == ["--ssl-mode=VERIFY_IDENTITY"]
    led = login("mysql").through(40_000)
    assert mysql.flags(led, oracle, iam=True) == ["--ssl-mode=VERIFY_CA", "--enable-cleartext-plugin"]
    with pytest.raises(Failure, match="cannot verify a server through a tunnel"):
        mysql.flags(led, mariadb, iam=False)
