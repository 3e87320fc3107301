#!/bin/sh
# Build the native data plane into .venv, unless what is there is of these sources (uv.lock, cache-keys of native/py).
#   build_native.sh             says so and goes on where there is no cargo, or the build fails
#   build_native.sh --required  a build that fails is a failure; no cargo still is none
#   build_native.sh --only      both are failures
cd "$(dirname "$0")/.." || exit 1
uv=.venv/bin/uv
if ! command -v cargo >/dev/null 2>&1; then
	echo "data plane: grpc.aio (the native one needs cargo to be built, see https://rustup.rs)"
	[ "$1" != --only ]
	exit
fi
status=$(mktemp) log=$(mktemp)
trap 'rm -f "$status" "$log"' EXIT
# uv tells of a build's progress on its debug level alone
{ "$uv" sync --frozen --extra native --inexact --verbose 2>&1; echo $? >"$status"; } | tee "$log" |
	sed -n -u -e 's/^DEBUG *\(Compiling .*\)/  \1/p' -e '/Building geooffer-native/s/.*/building the native data plane (Rust, a minute or two once)/p'
if [ "$(cat "$status")" = 0 ]; then
	echo "data plane: native ($(.venv/bin/python -c 'import geooffer_native as native; print(native.VERSION)'))"
	exit 0
fi
grep -v -e '^DEBUG' -e '^TRACE' "$log"
if .venv/bin/python -c 'import sys; from geooffer.dataplane.native_module import choose_plane
sys.exit(choose_plane("auto", "cells").name != "native")' 2>/dev/null; then
	echo "data plane: the native one was not built, for the reason above; one built before, of older sources, is there and serves"
else
	echo "data plane: the native one was not built, for the reason above; grpc.aio serves"
fi
[ -z "$1" ]
