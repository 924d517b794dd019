# Every library that qlake uses: its version, the room that may include it, and why it and not another.
# Debian's packages are pinned by the release (Debian 12), the three prebuilt ones by checksum in scripts/install.sh.
#
# | library        | version | rooms           | why it                                                                |
# | -------------- | ------- | --------------- | --------------------------------------------------------------------- |
# | DuckDB (C API) | 2.0.0   | engine/         | embedded, vectorised, twice as fast as 1.5 on this job                |
# | Apache Arrow   | 26.0.1  | parquet/        | the reference Parquet in C++; low-level writers for many small files  |
# | librdkafka     | 2.11.1  | kafka/          | the C client; older ones cannot do SCRAM with a broker 4.x            |
# | libcurl        | 7.88    | http/           | does all of HTTP and TLS that a client of ours will ever meet         |
# | simdjson       | 3.0.1   | rows/, delta/   | the fastest JSON parser; Delta logs and JSON-lines are its food       |
# | nlohmann-json  | 3.11.2  | base/ and above | builds JSON; readable where speed does not matter                     |
# | OpenSSL        | 3.0     | base/           | SHA-256 with the processor's instructions                             |
# | xxHash         | 0.8.1   | engine/, lake/  | the hash that Spark has too, so both engines give one _content_hash   |
# | spdlog, fmt    | 1.10, 9 | base/, fmt: all | formatting; rotating log sinks                                        |
# | toml++         | 3.3.0   | model/, cli/    | TOML with line numbers in its errors                                  |
# | CLI11          | 2.1.2   | cli/            | subcommands and help from one definition                              |
# | GoogleTest     | 1.12.1  | tests           |                                                                       |
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)

set(QLAKE_DEPS ${PROJECT_SOURCE_DIR}/.deps)
if(NOT EXISTS ${QLAKE_DEPS}/lib)
  message(FATAL_ERROR "${QLAKE_DEPS} is missing: run scripts/install.sh first (make does)")
endif()

add_library(duckdb_c SHARED IMPORTED)
set_target_properties(duckdb_c PROPERTIES
  IMPORTED_LOCATION ${QLAKE_DEPS}/lib/libduckdb_java.so_linux_amd64
  IMPORTED_SONAME libduckdb_java.so_linux_amd64
  INTERFACE_INCLUDE_DIRECTORIES ${QLAKE_DEPS}/include)

add_library(arrow_core SHARED IMPORTED)
set_target_properties(arrow_core PROPERTIES
  IMPORTED_LOCATION ${QLAKE_DEPS}/lib/libarrow.so.2600
  IMPORTED_SONAME libarrow.so.2600
  INTERFACE_INCLUDE_DIRECTORIES ${QLAKE_DEPS}/include)

add_library(arrow_parquet SHARED IMPORTED)
set_target_properties(arrow_parquet PROPERTIES
  IMPORTED_LOCATION ${QLAKE_DEPS}/lib/libparquet.so.2600
  IMPORTED_SONAME libparquet.so.2600
  INTERFACE_INCLUDE_DIRECTORIES ${QLAKE_DEPS}/include
  INTERFACE_LINK_LIBRARIES arrow_core)

# scripts/install.sh has hidden all that is inside but rd_kafka_*: its OpenSSL and ours do not see each other.
add_library(rdkafka STATIC IMPORTED)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION ${QLAKE_DEPS}/lib/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${QLAKE_DEPS}/include
  INTERFACE_LINK_LIBRARIES "Threads::Threads;m;${CMAKE_DL_LIBS}")

# libparquet exports a simdjson and a libcrypto of its own; whichever library stands first serves every caller. Debian's, whose
# headers we compile against, must be first in each program.
add_link_options(-Wl,--push-state,--no-as-needed -lsimdjson -lcrypto -Wl,--pop-state)

find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
add_library(tomlplusplus INTERFACE)
target_include_directories(tomlplusplus SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE})

find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(xxhash INTERFACE)
target_link_libraries(xxhash INTERFACE ${XXHASH_LIBRARY})
