"""What the wire needs of both ports: status, tokens, roles, interceptors, conversion, server assembly."""
