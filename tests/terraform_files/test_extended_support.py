"""What the provider says to RDS of Extended Support where it makes a database, call by call.

RDS enrols what is made without a word. A provider that passes the refusal on everywhere ends the one
exception of `Root.is_enrolled`, and fails here.
"""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import pytest

from sandbox import terraform_mirror
from tests.terraform_files.terraform import LOCK, terraform

REFUSED: Final = "open-source-rds-extended-support-disabled"
RESOURCES: Final = """
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "x"
  secret_key                  = "x"
  max_retries                 = 1
  skip_credentials_validation = true
  skip_requesting_account_id  = true

  endpoints {
    rds = "URL"
  }
}

resource "aws_db_instance" "made" {
  identifier                  = "made"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "dbadmin"
  manage_master_user_password = true
  engine_lifecycle_support    = "REFUSED"
}

resource "aws_db_instance" "restored" {
  identifier               = "restored"
  instance_class           = "db.t4g.micro"
  snapshot_identifier      = "snapshot"
  engine_lifecycle_support = "REFUSED"
}

resource "aws_db_instance" "in_time" {
  identifier               = "in-time"
  instance_class           = "db.t4g.micro"
  engine_lifecycle_support = "REFUSED"

  restore_to_point_in_time {
    source_db_instance_identifier = "source"
    use_latest_restorable_time    = true
  }
}

resource "aws_rds_cluster" "made" {
  cluster_identifier          = "made"
  engine                      = "aurora-postgresql"
  master_username             = "dbadmin"
  manage_master_user_password = true
  engine_lifecycle_support    = "REFUSED"
}

resource "aws_rds_cluster" "restored" {
  cluster_identifier       = "restored"
  engine                   = "aurora-postgresql"
  snapshot_identifier      = "snapshot"
  engine_lifecycle_support = "REFUSED"
}

resource "aws_rds_cluster" "in_time" {
  cluster_identifier       = "in-time"
  engine                   = "aurora-postgresql"
  engine_lifecycle_support = "REFUSED"

  restore_to_point_in_time {
    source_cluster_identifier  = "source"
    restore_type               = "copy-on-write"
    use_latest_restorable_time = true
  }
}
"""
ANSWER: Final = (
    b'<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>'
    b"<Code>InvalidParameterCombination</Code><Message>seen</Message></Error></ErrorResponse>"
)


class Rds(ThreadingHTTPServer):
    """Keeps what each call that makes a database says of Extended Support, and refuses it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.said: dict[str, str | None] = {}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        assert isinstance(self.server, Rds)
        self.server.said[asked["Action"][0]] = asked.get("EngineLifecycleSupport", [None])[0]
        self.send_response(400)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked is in `said`."""


@pytest.fixture
def rds() -> Iterator[Rds]:
    with Rds() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_all_that_is_made_refuses_it_but_a_cluster_that_is_restored_to_a_point_in_time(
    rds: Rds, tmp_path: Path
) -> None:
    shutil.copy(LOCK, tmp_path)
    url = f"http://127.0.0.1:{rds.server_port}"
    (tmp_path / "main.tf").write_text(RESOURCES.replace("URL", url).replace("REFUSED", REFUSED))
    config = terraform_mirror.cli_config(tmp_path)
    terraform(tmp_path, config, "init", "-input=false", "-no-color", "-lockfile=readonly")

    with pytest.raises(AssertionError, match="seen"):
        terraform(tmp_path, config, "apply", "-auto-approve", "-input=false", "-no-color")

    assert rds.said == {
        "CreateDBInstance": REFUSED,
        "RestoreDBInstanceFromDBSnapshot": REFUSED,
        "RestoreDBInstanceToPointInTime": REFUSED,
        "CreateDBCluster": REFUSED,
        "RestoreDBClusterFromSnapshot": REFUSED,
        "RestoreDBClusterToPointInTime": None,
    }
