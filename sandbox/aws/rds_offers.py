"""What RDS offers in the region: versions, classes and parameters, which MiniStack knows of other engines.

The versions and parameters are those of the rules (`rds_rules.parameters`); what is asked beyond them is
MiniStack's to answer.
"""

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from ministack.services import rds

from sandbox.aws import cluster_records
from sandbox.aws.query import Action, Parameters, Response, error, value, yes
from sandbox.aws.rds_rules.parameters import FAMILIES, described

MINOR = "9"
SIZES = {
    "t4g": ("micro", "small", "medium", "large", "xlarge", "2xlarge"),
    "m7g": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"),
}
AURORA = ("aurora-postgresql", "aurora-mysql")
SERVERLESS = ("db.serverless",)
CLASSES = tuple(f"db.{family}.{size}" for family, sizes in SIZES.items() for size in sizes)


class Offers:
    """Stands in front of MiniStack's own answers."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = dict(rds._ACTION_MAP)

    def fill(self) -> None:
        rds._ACTION_MAP.update(
            DescribeDBEngineVersions=self.versions,
            DescribeOrderableDBInstanceOptions=self.options,
            DescribeEngineDefaultParameters=self.parameters,
        )

    def versions(self, parameters: Parameters) -> Response:
        engine, version = value(parameters, "Engine"), value(parameters, "EngineVersion")
        if f"{engine}{version}" not in FAMILIES:
            return self._actions["DescribeDBEngineVersions"](parameters)
        found = [
            {
                "Engine": engine,
                "EngineVersion": each,
                "DBParameterGroupFamily": f"{engine}{version}",
                "MajorEngineVersion": version,
                "Status": "available",
            }
            for each in minors(engine, version, every=not yes(parameters, "DefaultOnly"))
        ]
        return listed("DescribeDBEngineVersions", "DBEngineVersions", "DBEngineVersion", found)

    def options(self, parameters: Parameters) -> Response:
        engine, version = value(parameters, "Engine"), value(parameters, "EngineVersion")
        major = ".".join(version.split(".")[: 1 if "postgres" in engine else 2])
        if f"{engine}{major}" not in FAMILIES or version != minor(engine, major):
            return self._actions["DescribeOrderableDBInstanceOptions"](parameters)
        wanted = value(parameters, "DBInstanceClass")
        found = [
            {
                "Engine": engine,
                "EngineVersion": version,
                "DBInstanceClass": name,
                "StorageType": "aurora" if engine in AURORA else "gp3",
                **dict.fromkeys(SUPPORTED, "true"),
            }
            for name in (SERVERLESS if engine in AURORA else CLASSES)
            if wanted in ("", name)
        ]
        return listed(
            "DescribeOrderableDBInstanceOptions",
            "OrderableDBInstanceOptions",
            "OrderableDBInstanceOption",
            found,
        )

    def parameters(self, parameters: Parameters) -> Response:
        family = value(parameters, "DBParameterGroupFamily")
        if family not in FAMILIES:
            return error("DBParameterGroupFamilyNotFoundFault", f"no family {family}", 404)
        inner = "".join(element("Parameter", known) for known in described(family, {}))
        return rds_answer(
            "DescribeEngineDefaultParameters",
            f"<EngineDefaults><DBParameterGroupFamily>{escape(family)}</DBParameterGroupFamily>"
            f"<Parameters>{inner}</Parameters></EngineDefaults>",
        )


def minors(engine: str, version: str, *, every: bool) -> list[str]:
    """The minor versions of a major one: Aurora's, or the one that RDS chooses."""
    default = minor(engine, version)
    known = [name for name, _ in cluster_records.VERSIONS.get(engine, []) if name.startswith(f"{version}.")]
    return [name for name in known if not name.endswith("-limitless")] if every and known else [default]


def minor(engine: str, version: str) -> str:
    """The minor version that RDS chooses for a major one."""
    return cluster_records.version(engine, version) if engine in AURORA else f"{version}.{MINOR}"


SUPPORTED = (
    "Vpc",
    "MultiAZCapable",
    "SupportsStorageEncryption",
    "SupportsEnhancedMonitoring",
    "SupportsIAMDatabaseAuthentication",
    "SupportsPerformanceInsights",
    "SupportsStorageAutoscaling",
)


def listed(action: str, plural: str, singular: str, found: list[dict[str, str]]) -> Response:
    """A list as RDS's query protocol writes it."""
    inner = "".join(element(singular, fields) for fields in found)
    return rds_answer(action, f"<{plural}>{inner}</{plural}>")


def element(name: str, fields: Mapping[str, str]) -> str:
    return f"<{name}>{''.join(texts(fields))}</{name}>"


def texts(fields: Mapping[str, str]) -> Iterator[str]:
    for name, text in fields.items():
        yield f"<{name}>{escape(text)}</{name}>"


def rds_answer(action: str, inner: str) -> Response:
    response: Response = rds._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")
    return response
