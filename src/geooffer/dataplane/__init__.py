"""The public port's ping path: one interface (port.py), here carried by grpc.aio."""
