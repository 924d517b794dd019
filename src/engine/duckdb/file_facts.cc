#include "engine/duckdb/file_facts.h"

#include <deque>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "engine/duckdb/handles.h"

namespace qlake::engine {

// What was added, by number. Thread-safe.
class AllFacts {
 public:
  int64_t Add(FactsByUrl facts) {
    std::lock_guard lock(mutex_);
    added_.push_back(std::move(facts));
    return static_cast<int64_t>(added_.size()) - 1;
  }

  // Stays where it is while others come. nullptr: there is none.
  const FactsByUrl* Find(int64_t number) const {
    std::lock_guard lock(mutex_);
    if (number < 0 || number >= static_cast<int64_t>(added_.size())) return nullptr;
    return &added_[static_cast<size_t>(number)];
  }

 private:
  mutable std::mutex mutex_;
  std::deque<FactsByUrl> added_;  // Guarded by the mutex.
};

namespace {

// Looks up the facts of row after row; rows of one file stand together.
class Lookup {
 public:
  Lookup(duckdb_function_info info, duckdb_data_chunk input)
      : all_(**static_cast<std::shared_ptr<AllFacts>*>(duckdb_scalar_function_get_extra_info(info))),
        numbers_(duckdb_data_chunk_get_vector(input, 0)),
        urls_(duckdb_data_chunk_get_vector(input, 1)) {}

  // nullptr: nothing is known of the file.
  const FileFacts* At(idx_t row) {
    auto number = numbers_.At<int64_t>(row);
    std::string_view url = urls_.TextAt(row);
    if (number != number_ || url != url_) {
      number_ = number;
      url_ = url;
      facts_ = Find();
    }
    return facts_;
  }

 private:
  const FileFacts* Find() const {
    const FactsByUrl* by_url = all_.Find(number_);
    if (by_url == nullptr) return nullptr;
    auto found = by_url->find(url_);
    return found == by_url->end() ? nullptr : &found->second;
  }

  const AllFacts& all_;
  VectorView numbers_;
  VectorView urls_;
  int64_t number_ = -1;
  std::string_view url_;
  const FileFacts* facts_ = nullptr;
};

void PartitionValueRows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector result) {
  Lookup lookup(info, input);
  VectorView columns(duckdb_data_chunk_get_vector(input, 2));
  duckdb_vector_ensure_validity_writable(result);
  uint64_t* validity = duckdb_vector_get_validity(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const FileFacts* facts = lookup.At(row);
    auto column = static_cast<size_t>(columns.At<int32_t>(row));
    const std::string* text = nullptr;
    if (facts != nullptr && column < facts->partition_values.size() && facts->partition_values[column]) {
      text = &*facts->partition_values[column];
    }
    if (text == nullptr) {
      duckdb_validity_set_row_invalid(validity, row);
    } else {
      duckdb_vector_assign_string_element_len(result, row, text->data(), text->size());
    }
  }
}

void RowIsLiveRows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector result) {
  Lookup lookup(info, input);
  VectorView numbers(duckdb_data_chunk_get_vector(input, 2));
  auto* lives = static_cast<bool*>(duckdb_vector_get_data(result));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const FileFacts* facts = lookup.At(row);
    bool is_deleted = facts != nullptr && facts->deleted_rows &&
                      facts->deleted_rows->Contains(static_cast<uint64_t>(numbers.At<int64_t>(row)));
    lives[row] = !is_deleted;
  }
}

void Register(duckdb_connection connection, const std::shared_ptr<AllFacts>& facts, const char* name,
              duckdb_type last_parameter, duckdb_type answer, duckdb_scalar_function_t rows) {
  ScalarFunctionHandle function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), name);
  for (duckdb_type parameter : {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_VARCHAR, last_parameter}) {
    TypeHandle type(duckdb_create_logical_type(parameter));
    duckdb_scalar_function_add_parameter(function.get(), type.get());
  }
  TypeHandle answer_type(duckdb_create_logical_type(answer));
  duckdb_scalar_function_set_return_type(function.get(), answer_type.get());
  duckdb_scalar_function_set_function(function.get(), rows);
  duckdb_scalar_function_set_extra_info(function.get(), new std::shared_ptr(facts),
                                        [](void* owned) { delete static_cast<std::shared_ptr<AllFacts>*>(owned); });
  QLAKE_CHECK(duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess);
}

}  // namespace

FactStore::FactStore(duckdb_connection connection) : all_(std::make_shared<AllFacts>()) {
  Register(connection, all_, "_qlake_partition_value", DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_VARCHAR, PartitionValueRows);
  Register(connection, all_, "_qlake_row_is_live", DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BOOLEAN, RowIsLiveRows);
}

int64_t FactStore::Add(FactsByUrl facts) { return all_->Add(std::move(facts)); }

}  // namespace qlake::engine
