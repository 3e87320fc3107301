"""What the person on call looks at: metrics, probes, traces, and the port that serves them (docs/operation.md)."""
