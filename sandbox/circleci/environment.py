"""The environment variables that CircleCI gives a job.

https://circleci.com/docs/reference/variables/#built-in-environment-variables
"""

import os

from sandbox.circleci.oidc import Issuer
from sandbox.circleci.runs import JobRecord, Pipeline, Project, WorkflowRecord

# What a job sees of this machine: how to find programs and trust certificates, and nothing of its user.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "UV_CACHE_DIR", "UV_PYTHON", "PYENV_ROOT")
INHERITED_SUFFIXES = ("_PROXY", "_proxy", "CA_BUNDLE", "CERT_FILE", "CERT_DIR", "CA_CERTS", "_CERT")


def job_environment(
    project: Project, issuer: Issuer, pipeline: Pipeline, workflow: WorkflowRecord, record: JobRecord
) -> dict[str, str]:
    owner, name = project.repository.split("/")
    token = issuer.token(
        repository=project.repository,
        branch=pipeline.source.branch,
        pipeline_id=pipeline.id,
        workflow_id=workflow.id,
        job_id=record.id,
    )
    return {
        **{
            key: value
            for key, value in os.environ.items()
            if key in INHERITED or key.endswith(INHERITED_SUFFIXES)
        },
        **project.variables,
        "CI": "true",
        "CIRCLECI": "true",
        "CIRCLE_BRANCH": pipeline.source.branch,
        "CIRCLE_BUILD_NUM": str(record.number),
        "CIRCLE_BUILD_URL": project.page(pipeline, record),
        "CIRCLE_JOB": record.job.name,
        "CIRCLE_NODE_INDEX": "0",
        "CIRCLE_NODE_TOTAL": "1",
        "CIRCLE_OIDC_TOKEN": token,
        "CIRCLE_OIDC_TOKEN_V2": token,
        "CIRCLE_PIPELINE_ID": pipeline.id,
        "CIRCLE_PROJECT_REPONAME": name,
        "CIRCLE_PROJECT_USERNAME": owner,
        "CIRCLE_REPOSITORY_URL": pipeline.source.clone_url,
        "CIRCLE_SHA1": pipeline.source.commit,
        "CIRCLE_WORKFLOW_ID": workflow.id,
        "CIRCLE_WORKFLOW_JOB_ID": record.id,
    }
