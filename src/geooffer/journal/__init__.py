"""Where durable records live: the port, its msgpack frames and the in-memory implementation."""
