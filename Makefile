# make run    installs, builds, simulates four hourly drops, runs the whole job over them
# make test   installs, builds, runs every test; ends with ctest's summary
# make build  installs and builds build/qlake alone
# make demo-stream  the same for events: starts an actual Kafka broker, produces, streams, reports
# make demo-cluster  the same on an actual HDFS, Hive, Spark and Kafka on this machine
# make soak   the long forms of the seeded tests
.PHONY: run demo-stream demo-cluster test build soak clean
.DEFAULT_GOAL := build

build:
	@scripts/build.sh release

run: build
	@scripts/demo.sh

demo-stream: build
	@scripts/demo_stream.sh

demo-cluster: build
	@scripts/demo_cluster.sh

test:
	@scripts/test.sh

soak: build
	@scripts/soak.sh

clean:
	rm -rf build build-*
