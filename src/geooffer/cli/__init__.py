"""The command line: one file a command, wired in main.py; settings and the assembly of a server."""
