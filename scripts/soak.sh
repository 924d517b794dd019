#!/usr/bin/env bash
# The long forms of the tests: 200 random histories, a kill at every pass of every label, every storage call failed in turn, sixteen
# processes of 200 commits that are killed at random, a log garbled in very many ways under ASan and UBSan, a broker killed
# 20 times while it is read.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh --test
scripts/build.sh release property_test crash_test maintenance_crash_test lake_test contention_test delta_test kafka_broker_test event_test kafka_stream_test clock_test spark_lake_test spark_stream_test
scripts/build.sh asan delta_test
QLAKE_ROUNDS=${QLAKE_ROUNDS:-200} build/bin/property_test --gtest_brief=1
QLAKE_ROUNDS=${QLAKE_ROUNDS:-200} build/bin/lake_test --gtest_brief=1 --gtest_filter='*Random*'
QLAKE_FAULT_STEP=1 QLAKE_KILL_STEP=1 build/bin/crash_test --gtest_brief=1
QLAKE_FAULT_STEP=1 QLAKE_KILL_STEP=1 build/bin/maintenance_crash_test --gtest_brief=1
QLAKE_COMMITS=${QLAKE_COMMITS:-200} build/bin/contention_test --gtest_brief=1
build/bin/delta_test --gtest_brief=1 --gtest_filter='PowerLossTest.*' --gtest_repeat=20
QLAKE_ROUNDS=${QLAKE_FUZZ_ROUNDS:-100000} build-asan/bin/delta_test --gtest_brief=1 --gtest_filter='LogFuzzTest.*'
QLAKE_ROUNDS=20 build/bin/kafka_broker_test --gtest_brief=1 --gtest_filter='*Killed*'
# Two million numbered events, with the stream, a compaction beside it and the broker killed all the while.
QLAKE_EVENTS=${QLAKE_EVENTS:-2000000} build/bin/event_test --gtest_brief=1 --gtest_filter='*Numbered*:*CompactionBeside*'
QLAKE_EVENTS=${QLAKE_EVENTS:-2000000} build/bin/kafka_stream_test --gtest_brief=1 --gtest_filter='*Numbered*'
# A month of wake-ups at wrong times, on two hosts.
QLAKE_HOURS=${QLAKE_HOURS:-720} build/bin/clock_test --gtest_brief=1
# The whole job on Spark over HDFS, its workers and servers killed, and compactions of one engine beside appends of the other.
build/bin/spark_lake_test --gtest_brief=1
# Spark's stream into HDFS, by turns with the embedded one, stopped and killed.
build/bin/spark_stream_test --gtest_brief=1 --gtest_filter='*OnHdfs*'
