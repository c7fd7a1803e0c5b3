"""The emulated RDS offers what the rules know, by botocore's own reading of the answers."""

import pytest

from sandbox.cloud import Cloud


@pytest.mark.parametrize(("engine", "version"), [("postgres", "15"), ("postgres", "17"), ("mysql", "8.4")])
def test_a_major_version_that_the_rules_know_has_a_default_minor_one(
    cloud: Cloud, engine: str, version: str
) -> None:
    found = cloud.client("rds").describe_db_engine_versions(
        Engine=engine, EngineVersion=version, DefaultOnly=True
    )["DBEngineVersions"]
    assert [(offer["EngineVersion"], offer["DBParameterGroupFamily"]) for offer in found] == [
        (f"{version}.9", f"{engine}{version}")
    ]


@pytest.mark.parametrize(
    ("engine", "version", "chosen"),
    [("aurora-postgresql", "17", "17.7"), ("aurora-mysql", "8.0", "8.0.mysql_aurora.3.10.3")],
)
def test_aurora_is_offered_serverless(cloud: Cloud, engine: str, version: str, chosen: str) -> None:
    rds = cloud.client("rds")
    found = rds.describe_db_engine_versions(Engine=engine, EngineVersion=version, DefaultOnly=True)
    assert [offer["EngineVersion"] for offer in found["DBEngineVersions"]] == [chosen]
    options = rds.describe_orderable_db_instance_options(Engine=engine, EngineVersion=chosen, Vpc=True)
    assert [offer["DBInstanceClass"] for offer in options["OrderableDBInstanceOptions"]] == ["db.serverless"]


def test_a_version_that_the_rules_do_not_know_is_not_offered(cloud: Cloud) -> None:
    found = cloud.client("rds").describe_db_engine_versions(Engine="mysql", EngineVersion="9.9")
    assert found["DBEngineVersions"] == []


@pytest.mark.parametrize(("name", "count"), [("db.t4g.micro", 1), ("db.m7g.xlarge", 1), ("db.t4g.nano", 0)])
def test_a_class_is_offered_with_gp3_or_not_at_all(cloud: Cloud, name: str, count: int) -> None:
    found = cloud.client("rds").describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion="17.9", DBInstanceClass=name, Vpc=True
    )["OrderableDBInstanceOptions"]
    assert [(offer["StorageType"], offer["SupportsIAMDatabaseAuthentication"]) for offer in found] == [
        ("gp3", True)
    ] * count


def test_a_familys_parameters_have_the_values_that_the_rules_allow(cloud: Cloud) -> None:
    found = cloud.client("rds").describe_engine_default_parameters(DBParameterGroupFamily="mysql8.4")
    allowed = {
        entry["ParameterName"]: entry["AllowedValues"] for entry in found["EngineDefaults"]["Parameters"]
    }
    assert allowed["require_secure_transport"] == "0,1"
    assert allowed["log_output"] == "TABLE,FILE,NONE"
