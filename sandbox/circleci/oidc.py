"""The identity token that CircleCI gives each job.

https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
"""

import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID = "sandbox"


class Issuer:
    """Signs tokens for one organisation and project, with a key that lives as long as the process."""

    def __init__(self, *, organization_id: str, project_id: str) -> None:
        self.organization_id = organization_id
        self.project_id = project_id
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, *, repository: str, branch: str, pipeline_id: str, workflow_id: str, job_id: str) -> str:
        now = int(time.time())
        origin = f"github.com/{repository}"
        claims = {
            "iss": f"https://oidc.circleci.com/org/{self.organization_id}",
            "aud": self.organization_id,
            "sub": (
                f"org/{self.organization_id}/project/{self.project_id}/user/{uuid.UUID(int=0)}"
                f"/vcs-origin/{origin}/vcs-ref/refs/heads/{branch}"
            ),
            "iat": now,
            "exp": now + 3600,
            "oidc.circleci.com/project-id": self.project_id,
            "oidc.circleci.com/org-id": self.organization_id,
            "oidc.circleci.com/pipeline-id": pipeline_id,
            "oidc.circleci.com/workflow-id": workflow_id,
            "oidc.circleci.com/job-id": job_id,
            "oidc.circleci.com/vcs-origin": origin,
            "oidc.circleci.com/vcs-ref": f"refs/heads/{branch}",
            "oidc.circleci.com/ssh-rerun": False,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})
