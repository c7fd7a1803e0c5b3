"""④ What CircleCI runs: the gate, the plan, the apply and the drift check. It holds no GitHub credential."""
