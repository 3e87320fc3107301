"""Generated from proto/geooffer/v1 by tools/generate_proto.py; do not edit."""
