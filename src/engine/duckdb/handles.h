#pragma once

#include <duckdb.h>

#include <string>
#include <string_view>
#include <utility>

namespace qlake::engine {

// Owns one object of DuckDB's C API and destroys it.
template <typename Object, void (*Destroy)(Object*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(Object object) : object_(object) {}
  ~Handle() { Reset(); }
  Handle(Handle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    Reset();
    object_ = std::exchange(other.object_, nullptr);
    return *this;
  }

  Object get() const { return object_; }
  Object* out() {  // For functions that create the object.
    Reset();
    return &object_;
  }
  explicit operator bool() const { return object_ != nullptr; }
  void Reset() {
    if (object_ != nullptr) Destroy(&object_);
    object_ = nullptr;
  }

 private:
  Object object_ = nullptr;
};

using ConfigHandle = Handle<duckdb_config, duckdb_destroy_config>;
using DatabaseHandle = Handle<duckdb_database, duckdb_close>;
using ConnectionHandle = Handle<duckdb_connection, duckdb_disconnect>;
using StatementHandle = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using PendingHandle = Handle<duckdb_pending_result, duckdb_destroy_pending>;
using ChunkHandle = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using TypeHandle = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using ValueHandle = Handle<duckdb_value, duckdb_destroy_value>;
inline void DestroyAppender(duckdb_appender* appender) { duckdb_appender_destroy(appender); }
using AppenderHandle = Handle<duckdb_appender, DestroyAppender>;
using ScalarFunctionHandle = Handle<duckdb_scalar_function, duckdb_destroy_scalar_function>;
using ClientContextHandle = Handle<duckdb_client_context, duckdb_destroy_client_context>;
using TableFunctionHandle = Handle<duckdb_table_function, duckdb_destroy_table_function>;

// A result, which the C API has as a struct, not as a pointer.
class ResultHandle {
 public:
  ResultHandle() = default;
  ~ResultHandle() { duckdb_destroy_result(&result_); }
  ResultHandle(ResultHandle&& other) noexcept : result_(std::exchange(other.result_, duckdb_result{})) {}
  ResultHandle& operator=(ResultHandle&&) = delete;

  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

// A text that the C API allocated for us.
inline std::string TakeText(char* text) {
  std::string taken = text == nullptr ? "" : text;
  duckdb_free(text);
  return taken;
}

// The text of one cell. Lives as long as its chunk.
inline std::string_view TextOf(const duckdb_string_t& text) {
  constexpr uint32_t kInlinedBytesMax = 12;
  uint32_t length = text.value.inlined.length;
  return {length <= kInlinedBytesMax ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

// One column of a chunk.
class VectorView {
 public:
  explicit VectorView(duckdb_vector vector)
      : values_(duckdb_vector_get_data(vector)), validity_(duckdb_vector_get_validity(vector)) {}

  bool MayHaveNulls() const { return validity_ != nullptr; }
  bool IsNull(idx_t row) const { return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0; }
  template <typename Value>
  const Value& At(idx_t row) const {  // REQUIRES: Value is what the C API stores for the column's type.
    return static_cast<const Value*>(values_)[row];
  }
  std::string_view TextAt(idx_t row) const { return TextOf(At<duckdb_string_t>(row)); }

 private:
  const void* values_;
  const uint64_t* validity_;
};

inline __int128 ToInt128(duckdb_hugeint value) {
  return static_cast<__int128>(static_cast<unsigned __int128>(static_cast<uint64_t>(value.upper)) << 64 | value.lower);
}

}  // namespace qlake::engine
