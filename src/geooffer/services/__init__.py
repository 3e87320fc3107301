"""The control plane's gRPC services, all alike: decode → engine → encode. Engine calls are synchronous."""
