#include "storage/storage.h"

#include <cstdlib>

#include "storage/faulty_storage.h"
#include "storage/hdfs_storage.h"
#include "storage/local_storage.h"

namespace qlake::storage {
namespace {

std::unique_ptr<Storage> WithFault(std::unique_ptr<Storage> storage) {
  const char* fault = std::getenv("QLAKE_STORAGE_FAULT");
  if (fault == nullptr || *fault == '\0') return storage;
  return std::make_unique<FaultyStorage>(std::move(storage), ParseFault(fault));
}

}  // namespace

bool IsOnHdfs(std::string_view address) { return address.starts_with("hdfs://"); }

std::unique_ptr<Storage> OpenStorage(const std::string& address, const HdfsOptions& hdfs) {
  if (!IsOnHdfs(address)) return OpenLocalStorage(address);
  return WithFault(std::make_unique<HdfsStorage>(address, hdfs));
}

std::unique_ptr<Storage> OpenLocalStorage(const std::string& root) {
  return WithFault(std::make_unique<LocalStorage>(root));
}

}  // namespace qlake::storage
