// Writes files to HDFS through storage::HdfsStorage and says how long that took:
//   hdfs_write_bench hdfs://host:port/folder http://host:port FILES BYTES THREADS
// Prints seconds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/parallel.h"
#include "storage/hdfs_storage.h"

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "hdfs_write_bench: hdfs://host:port/folder http://host:port FILES BYTES THREADS\n");
    return 2;
  }
  auto number = [&](int i) { return static_cast<size_t>(std::strtoull(argv[i], nullptr, 10)); };
  try {
    qlake::storage::HdfsStorage storage(argv[1], {.webhdfs = {argv[2]}});
    std::string bytes(number(4), '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 24);
    auto began = std::chrono::steady_clock::now();
    qlake::base::ParallelFor(number(3), number(5), [&](size_t i) { storage.Write("f" + std::to_string(i), bytes); });
    std::printf("%.3f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  } catch (const qlake::base::Error& error) {
    std::fprintf(stderr, "hdfs_write_bench: %s\n", error.message().c_str());
    return 1;
  }
  return 0;
}
