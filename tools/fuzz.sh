#!/bin/sh
# Fuzz everything the native plane reads from strangers: MINUTES each (10), one after the other, or only the TARGETS named.
# Built by the stable compiler with libFuzzer's coverage counters: needs cargo and a C++ compiler, neither cargo-fuzz nor a
# nightly. The code under test has no unsafe block, so that no sanitizer is missed. Stops at the first finding.
set -eu
cd "$(dirname "$0")/../native/fuzz"
for tool in cargo c++; do
    command -v "$tool" >/dev/null || { echo "fuzz: not done, $tool is not there"; exit 1; }
done
minutes=${MINUTES:-10}
# libFuzzer takes 0 for "for ever"
case $minutes in '' | *[!0-9]* | 0) echo "fuzz: MINUTES is a whole number from 1"; exit 2 ;; esac
targets=${TARGETS:-stream_request ingest_request grpc_frames token settings answer_fields}
triple=$(rustc -vV | sed -n 's/^host: //p')
built=${CARGO_TARGET_DIR:-target}/$triple/release
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Ccodegen-units=1
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
# the triple is named so that build scripts and derive macros are built without counters
RUSTFLAGS=$(echo $coverage) cargo build --locked --release --target "$triple"
for target in $targets; do
    mkdir -p "corpus/$target" "artifacts/$target"
    seeds=
    if [ -d "seeds/$target" ]; then seeds=seeds/$target; fi
    echo "fuzz: $target, $minutes minutes"
    # a message is 64 KiB at the most and its fields repeat: longer inputs say nothing new
    status=0
    "$built/$target" "corpus/$target" $seeds -max_total_time=$((minutes * 60)) -max_len=4096 -timeout=5 \
        -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="artifacts/$target/" >"artifacts/$target.log" 2>&1 ||
        status=$?
    grep -E '^stat::number_of_executed_units|SUMMARY|panicked| DONE ' "artifacts/$target.log" || true
    if [ "$status" != 0 ]; then
        echo "fuzz: $target ended with $status; see native/fuzz/artifacts/$target and $target.log"
        exit 1
    fi
done
