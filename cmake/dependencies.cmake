# Every library that qlake uses: its version, the room that may include it, and why it and not another.
# Debian's packages are pinned by the release (Debian 12), the three prebuilt ones by checksum in scripts/install.sh.
#
# | library        | version | rooms           | why it                                                                |
# | -------------- | ------- | --------------- | --------------------------------------------------------------------- |
# | DuckDB (C API) | 2.0.0   | engine/         | embedded, vectorised, twice as fast as 1.5 on this job                |
# | Apache Arrow   | 26.0.1  | parquet/        | the reference Parquet in C++; low-level writers for many small files  |
# | librdkafka     | 2.11.1  | kafka/          | the C client; older ones cannot do SCRAM with a broker 4.x            |
# | gRPC, protobuf | 1.51, 3.21 | spark/        | what Spark Connect speaks; its .proto files are of Spark 4.2.0        |
# | Thrift         | 0.17    | hive/           | what Hive's metastore speaks; its interface is of crate hive_metastore, HiveServer2's our own |
# | libcurl        | 7.88    | http/           | does all of HTTP, TLS and SPNEGO that a client of ours will ever meet |
# | simdjson       | 3.0.1   | rows/, delta/, events/, stream/ | the fastest JSON parser; Delta logs and JSON-lines are its food       |
# | nlohmann-json  | 3.11.2  | base/ and above | builds JSON; readable where speed does not matter                     |
# | OpenSSL        | 3.0     | base/           | SHA-256 with the processor's instructions                             |
# | xxHash         | 0.8.1   | engine/, lake/  | the hash that Spark has too, so both engines give one _content_hash   |
# | spdlog, fmt    | 1.10, 9 | base/, fmt: all | formatting; rotating log sinks                                        |
# | toml++         | 3.3.0   | model/, cli/    | TOML with line numbers in its errors                                  |
# | cpp-httplib    | 0.11.4  | serve/          | an HTTP server of one class                                           |
# | prometheus-cpp | 1.0.1   | serve/          | Prometheus' text format, escapes and all; its server is not used      |
# | CLI11          | 2.1.2   | cli/            | subcommands and help from one definition                              |
# | GoogleTest     | 1.12.1  | tests           |                                                                       |
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
# The library itself is loaded when it is wanted (src/http/curl_library.h).
add_library(curl_headers INTERFACE)
target_include_directories(curl_headers SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(curl_headers INTERFACE ${CMAKE_DL_LIBS})
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

# Spark Connect's messages, generated and compiled once for all: of the services only that of base.proto.
find_package(Protobuf REQUIRED)
# Static, and hidden in the program: as shared libraries gRPC and what it needs are seventy, which every command would load
# first (14 ms, 20 MB), and Arrow has an re2 of its own.
set(grpc_archives)
foreach(name grpc++ grpc gpr address_sorting re2 upb cares protobuf)
  find_library(GRPC_ARCHIVE_${name} lib${name}.a REQUIRED)
  list(APPEND grpc_archives ${GRPC_ARCHIVE_${name}})
endforeach()
get_filename_component(grpc_folder ${GRPC_ARCHIVE_grpc} DIRECTORY)
file(GLOB absl_archives ${grpc_folder}/libabsl_*.a)
find_package(ZLIB REQUIRED)
find_program(GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
set(spark_connect_protos spark/connect/base.proto spark/connect/catalog.proto spark/connect/commands.proto
  spark/connect/common.proto spark/connect/expressions.proto spark/connect/ml.proto spark/connect/ml_common.proto
  spark/connect/pipelines.proto spark/connect/relations.proto spark/connect/types.proto google/rpc/status.proto
  google/rpc/error_details.proto)
set(spark_connect_generated ${CMAKE_BINARY_DIR}/generated/spark-connect)
set(spark_connect_sources ${spark_connect_generated}/spark/connect/base.grpc.pb.cc)
foreach(proto ${spark_connect_protos})
  string(REGEX REPLACE "\\.proto$" ".pb.cc" source ${spark_connect_generated}/${proto})
  list(APPEND spark_connect_sources ${source})
endforeach()
file(MAKE_DIRECTORY ${spark_connect_generated})
list(TRANSFORM spark_connect_protos PREPEND ${QLAKE_DEPS}/spark-connect/ OUTPUT_VARIABLE spark_connect_inputs)
add_custom_command(OUTPUT ${spark_connect_sources}
  COMMAND protobuf::protoc --proto_path=${QLAKE_DEPS}/spark-connect --cpp_out=${spark_connect_generated}
    ${spark_connect_protos}
  COMMAND protobuf::protoc --proto_path=${QLAKE_DEPS}/spark-connect --grpc_out=${spark_connect_generated}
    --plugin=protoc-gen-grpc=${GRPC_PLUGIN} spark/connect/base.proto
  DEPENDS ${spark_connect_inputs}
  COMMENT "Generating Spark Connect's messages")
add_library(spark_connect STATIC EXCLUDE_FROM_ALL ${spark_connect_sources})
target_include_directories(spark_connect SYSTEM PUBLIC ${spark_connect_generated})
target_compile_options(spark_connect PRIVATE -O1 -g0 -w)
target_link_libraries(spark_connect PUBLIC -Wl,--start-group ${grpc_archives} ${absl_archives} -Wl,--end-group
  OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
target_link_options(spark_connect PUBLIC -Wl,--exclude-libs,ALL)

# The metastore's interface, generated and compiled. Static, and hidden in the program: no command loads it that does not
# speak to a metastore.
find_library(THRIFT_ARCHIVE libthrift.a REQUIRED)
find_program(THRIFT_COMPILER thrift REQUIRED)
set(hive_metastore_generated ${CMAKE_BINARY_DIR}/generated/hive-metastore)
set(hive_metastore_sources ${hive_metastore_generated}/ThriftHiveMetastore.cpp ${hive_metastore_generated}/hms_types.cpp
  ${hive_metastore_generated}/hms_constants.cpp)
file(MAKE_DIRECTORY ${hive_metastore_generated})
add_custom_command(OUTPUT ${hive_metastore_sources}
  COMMAND ${THRIFT_COMPILER} --gen cpp:no_skeleton -out ${hive_metastore_generated} ${QLAKE_DEPS}/hive-metastore/hms.thrift
  DEPENDS ${QLAKE_DEPS}/hive-metastore/hms.thrift
  COMMENT "Generating the interface of Hive's metastore")
add_library(hive_metastore STATIC EXCLUDE_FROM_ALL ${hive_metastore_sources})
target_include_directories(hive_metastore SYSTEM PUBLIC ${hive_metastore_generated})
target_compile_options(hive_metastore PRIVATE -O1 -g0 -w)
target_link_libraries(hive_metastore PUBLIC ${THRIFT_ARCHIVE} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
# HiveServer2's, as far as qlake asks it.
set(hiveserver_generated ${CMAKE_BINARY_DIR}/generated/hiveserver)
set(hiveserver_sources ${hiveserver_generated}/HiveServer.cpp ${hiveserver_generated}/hiveserver_types.cpp)
file(MAKE_DIRECTORY ${hiveserver_generated})
add_custom_command(OUTPUT ${hiveserver_sources}
  COMMAND ${THRIFT_COMPILER} --gen cpp:no_skeleton -nowarn -out ${hiveserver_generated}
    ${PROJECT_SOURCE_DIR}/src/hive/hiveserver.thrift
  DEPENDS ${PROJECT_SOURCE_DIR}/src/hive/hiveserver.thrift
  COMMENT "Generating the interface of HiveServer2")
add_library(hiveserver STATIC EXCLUDE_FROM_ALL ${hiveserver_sources})
target_include_directories(hiveserver SYSTEM PUBLIC ${hiveserver_generated})
target_compile_options(hiveserver PRIVATE -O1 -g0 -w)
target_link_libraries(hiveserver PUBLIC ${THRIFT_ARCHIVE} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

# libparquet exports a simdjson and a libcrypto of its own; whichever library stands first serves every caller. Debian's, whose
# headers we compile against, must be first in each program.
add_link_options(-Wl,--push-state,--no-as-needed -lsimdjson -lcrypto -Wl,--pop-state)

find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
add_library(tomlplusplus INTERFACE)
target_include_directories(tomlplusplus SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE})

find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(xxhash INTERFACE)
target_link_libraries(xxhash INTERFACE ${XXHASH_LIBRARY})

find_library(PROMETHEUS_CORE prometheus-cpp-core REQUIRED)
add_library(prometheus_text INTERFACE)
target_link_libraries(prometheus_text INTERFACE ${PROMETHEUS_CORE})

# Debian's is compiled with these; a class of another layout would be ours without them.
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
add_library(httplib_server INTERFACE)
target_compile_definitions(httplib_server INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT CPPHTTPLIB_ZLIB_SUPPORT
  CPPHTTPLIB_BROTLI_SUPPORT)
target_link_libraries(httplib_server INTERFACE ${HTTPLIB_LIBRARY} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
