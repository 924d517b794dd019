# make run    installs, builds, simulates four hourly drops, runs the whole job over them
# make test   installs, builds, runs every test; ends with ctest's summary
# make build  installs and builds build/qlake alone
# make soak   the long forms of the seeded tests
.PHONY: run test build soak clean
.DEFAULT_GOAL := build

build:
	@scripts/build.sh release

run: build
	@scripts/demo.sh

test:
	@scripts/test.sh

soak: build
	@scripts/soak.sh

clean:
	rm -rf build build-*
