#include "lake/lease.h"

#include <algorithm>

#include "lake/hdfs_lease.h"
#include "lake/local_lease.h"
#include "lake/writer.h"

namespace qlake::lake {

std::unique_ptr<Lease> TakeLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait) {
  if (storage::IsOnHdfs(lake.options().root)) return std::make_unique<HdfsLease>(lake, run_id, wait);
  return std::make_unique<LocalLease>(lake, run_id, wait);
}

int64_t LastEpochOf(Lake& lake) {
  int64_t last = 0;
  for (const auto& table : lake.TableNames()) {
    if (auto snapshot = lake.Load(table)) last = std::max(last, snapshot->TransactionVersion(kWriterApp));
  }
  return last;
}

}  // namespace qlake::lake
