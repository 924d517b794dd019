#pragma once

#include <duckdb.h>
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/handles.h"

namespace qlake::engine {

// The scans that one table function reads, by id and by the view that shows them. Thread-safe: DuckDB does not promise
// which thread binds.
template <typename Scan>
class ScanRegistry {
 public:
  // The new scan's id. It takes the place of an older one of the view, whose id is gone.
  int64_t Add(const std::string& view, Scan scan) {
    std::lock_guard lock(mutex_);
    int64_t& id = id_of_view_[view];
    scans_.erase(id);
    id = ++last_id_;
    scans_[id] = std::make_shared<const Scan>(std::move(scan));
    return id;
  }

  // Puts a scan under the id of the view's old one, if there is one and `fits(old)`.
  template <typename Fits>
  bool Replace(const std::string& view, const Scan& scan, const Fits& fits) {
    std::lock_guard lock(mutex_);
    auto id = id_of_view_.find(view);
    auto old = id == id_of_view_.end() ? scans_.end() : scans_.find(id->second);
    if (old == scans_.end() || !fits(*old->second)) return false;
    old->second = std::make_shared<const Scan>(scan);
    return true;
  }

  // Of the scan that was added for the view, if any.
  std::optional<int64_t> IdOf(const std::string& view) const {
    std::lock_guard lock(mutex_);
    auto id = id_of_view_.find(view);
    return id == id_of_view_.end() ? std::nullopt : std::optional(id->second);
  }

  std::shared_ptr<const Scan> Find(int64_t id) const {  // nullptr when it is gone.
    std::lock_guard lock(mutex_);
    auto found = scans_.find(id);
    return found == scans_.end() ? nullptr : found->second;
  }

  template <typename IsMeant>
  void Forget(const IsMeant& is_meant) {
    std::lock_guard lock(mutex_);
    std::erase_if(scans_, [&](const auto& scan) { return is_meant(*scan.second); });
  }

 private:
  mutable std::mutex mutex_;  // Guards what follows.
  int64_t last_id_ = 0;
  std::map<std::string, int64_t> id_of_view_;
  std::map<int64_t, std::shared_ptr<const Scan>> scans_;
};

// A table function name(id BIGINT) over scans, with projection pushdown. `Function` says what differs:
//   kName; kGone: what to say when the id is gone; Scans: what keeps the scans, with connection() and
//   Find(id, number of the connection that asks);
//   AddColumns(duckdb_bind_info, scan): the columns that there are; ThreadsMax(scan);
//   Run(scans, scan, wanted columns): one run of it, shared by its threads; Part(run): one thread's, with Fill(chunk).
template <typename Function>
class ScanFunction {
 public:
  using Scans = typename Function::Scans;
  using Run = typename Function::Run;
  using Part = typename Function::Part;

  // `scans` must outlive the connection's statements.
  static void Register(Scans& scans) {
    TableFunctionHandle function(duckdb_create_table_function());
    TypeHandle id_type(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    duckdb_table_function_set_name(function.get(), Function::kName);
    duckdb_table_function_add_parameter(function.get(), id_type.get());
    duckdb_table_function_set_extra_info(function.get(), &scans, nullptr);
    duckdb_table_function_set_bind(function.get(), Bind);
    duckdb_table_function_set_init(function.get(), Init);
    duckdb_table_function_set_local_init(function.get(), InitThread);
    duckdb_table_function_set_function(function.get(), Fill);
    duckdb_table_function_supports_projection_pushdown(function.get(), true);
    QLAKE_CHECK(duckdb_register_table_function(scans.connection().get(), function.get()) == DuckDBSuccess);
  }

  static std::string Select(int64_t id) { return fmt::format("SELECT * FROM {}({})", Function::kName, id); }

 private:
  using Scan = typename Function::Scan;

  // What a statement found out when it was bound.
  struct Binding {
    Scans& scans;
    std::shared_ptr<const Scan> scan;
  };

  template <typename Object>
  static void Delete(void* object) {
    delete static_cast<Object*>(object);
  }

  static void Bind(duckdb_bind_info info) {
    auto& scans = *static_cast<Scans*>(duckdb_bind_get_extra_info(info));
    GuardCallback(
        scans.connection(), [&](const char* message) { duckdb_bind_set_error(info, message); },
        [&] {
          ValueHandle id(duckdb_bind_get_parameter(info, 0));
          ClientContextHandle context;
          duckdb_table_function_get_client_context(info, context.out());
          auto scan = scans.Find(duckdb_get_int64(id.get()), duckdb_client_context_get_connection_id(context.get()));
          if (!scan) throw base::InputError("{}", Function::kGone);
          Function::AddColumns(info, *scan);
          duckdb_bind_set_bind_data(info, new Binding{scans, std::move(scan)}, Delete<Binding>);
        });
  }

  static void Init(duckdb_init_info info) {
    const auto& binding = *static_cast<Binding*>(duckdb_init_get_bind_data(info));
    std::vector<idx_t> columns;
    for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
      columns.push_back(duckdb_init_get_column_index(info, i));
    }
    duckdb_init_set_max_threads(info, Function::ThreadsMax(*binding.scan));
    duckdb_init_set_init_data(info, new Run(binding.scans, binding.scan, std::move(columns)), Delete<Run>);
  }

  static void InitThread(duckdb_init_info info) {
    // DuckDB gives the run only to the scanning function, so that the thread's part is made there.
    duckdb_init_set_init_data(info, new std::optional<Part>(), Delete<std::optional<Part>>);
  }

  static void Fill(duckdb_function_info info, duckdb_data_chunk chunk) {
    auto& run = *static_cast<Run*>(duckdb_function_get_init_data(info));
    auto& part = *static_cast<std::optional<Part>*>(duckdb_function_get_local_init_data(info));
    GuardCallback(
        run.scans.connection(), [&](const char* message) { duckdb_function_set_error(info, message); },
        [&] {
          if (!part) part.emplace(run);
          part->Fill(chunk);
        });
  }
};

}  // namespace qlake::engine
