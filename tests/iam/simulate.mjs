// Reads {policies, requests} as JSON and answers with the decision on each request, in order.
import { readFileSync } from "node:fs";

import { runSimulation } from "@cloud-copilot/iam-simulate";

const { policies, requests } = JSON.parse(readFileSync(0, "utf8"));
const identityPolicies = policies.map((policy, index) => ({ name: `policy-${index}`, policy }));
const decisions = [];
for (const { action, resource, context, resourcePolicy } of requests) {
  const answer = await runSimulation(
    {
      request: {
        principal: "arn:aws:iam::123456789012:role/pipeline",
        action,
        resource: { resource, accountId: "123456789012" },
        contextVariables: context,
      },
      identityPolicies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy,
    },
    {},
  );
  decisions.push(answer.overallResult ?? JSON.stringify(answer));
}
process.stdout.write(JSON.stringify(decisions));
