#include "engine/duckdb/functions.h"

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/key_hash.h"
#include "engine/duckdb/text_functions.h"

namespace qlake::engine {
namespace {

// The answers of one call, one a row.
class Output {
 public:
  explicit Output(duckdb_vector vector) : vector_(vector) {}

  void SetText(idx_t row, std::string_view text) {
    duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
  }
  template <typename T>
  void Set(idx_t row, T value) {
    static_cast<T*>(duckdb_vector_get_data(vector_))[row] = value;
  }
  void SetNull(idx_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    duckdb_validity_set_row_invalid(validity_, row);
  }

 private:
  duckdb_vector vector_;
  uint64_t* validity_ = nullptr;
};

void CleanTextRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto text = texts.IsNull(row) ? std::nullopt : CleanText(texts.TextAt(row));
    text ? output.SetText(row, *text) : output.SetNull(row);
  }
}

template <typename T>
void ParseIntegerRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto value = texts.IsNull(row) ? std::nullopt : ParseIntegerText(texts.TextAt(row));
    bool fits = value && std::in_range<T>(*value);
    fits ? output.Set(row, static_cast<T>(*value)) : output.SetNull(row);
  }
}

void CleanEmailRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto email = texts.IsNull(row) ? std::nullopt : CleanEmail(texts.TextAt(row));
    email ? output.SetText(row, *email) : output.SetNull(row);
  }
}

void ParseBooleanRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto value = texts.IsNull(row) ? std::nullopt : ParseBooleanText(texts.TextAt(row));
    value ? output.Set(row, *value) : output.SetNull(row);
  }
}

// A type of a DECIMAL's digits that there is not has no number.
void IsDecimalRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  constexpr int32_t kDigitsMax = 38;
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  VectorView precisions(duckdb_data_chunk_get_vector(input, 1));
  VectorView scales(duckdb_data_chunk_get_vector(input, 2));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (texts.IsNull(row) || precisions.IsNull(row) || scales.IsNull(row)) {
      output.SetNull(row);
      continue;
    }
    auto precision = precisions.At<int32_t>(row);
    auto scale = scales.At<int32_t>(row);
    bool is_type = precision >= 1 && precision <= kDigitsMax && scale >= 0 && scale <= precision;
    output.Set(row, is_type && ParseDecimalText(texts.TextAt(row), precision, scale).has_value());
  }
}

void ParseDateRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto days = texts.IsNull(row) ? std::nullopt : ParseDateText(texts.TextAt(row));
    days ? output.Set(row, *days) : output.SetNull(row);
  }
}

void SplitAddressRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView texts(duckdb_data_chunk_get_vector(input, 0));
  VectorView parts(duckdb_data_chunk_get_vector(input, 1));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    bool is_null = texts.IsNull(row) || parts.IsNull(row);
    auto part = is_null ? std::nullopt : SplitAddress(texts.TextAt(row), parts.At<int32_t>(row));
    part ? output.SetText(row, *part) : output.SetNull(row);
  }
}

void ContentHashRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  std::vector<VectorView> columns;
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(input); ++i) {
    columns.emplace_back(duckdb_data_chunk_get_vector(input, i));
  }
  Output output(result);
  std::string text;
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    text.clear();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text.push_back(kContentSeparator);
      columns[i].IsNull(row) ? text.push_back(kContentNull) : static_cast<void>(text.append(columns[i].TextAt(row)));
    }
    auto hash = HashContent(text);
    output.SetText(row, {reinterpret_cast<const char*>(hash.data()), hash.size()});
  }
}

void KeyHashRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView parts(duckdb_data_chunk_get_vector(input, 0));
  std::vector<VectorView> columns;
  for (idx_t i = 1; i < duckdb_data_chunk_get_column_count(input); ++i) {
    columns.emplace_back(duckdb_data_chunk_get_vector(input, i));
  }
  Output output(result);
  std::string joined;
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    joined.clear();
    for (const auto& column : columns) {
      AppendKeyPart(column.IsNull(row) ? std::nullopt : std::optional(column.TextAt(row)), joined);
    }
    KeyHash hash = HashKey(joined);
    output.Set(row, static_cast<int64_t>(parts.At<int32_t>(row) == 0 ? hash.high : hash.low));
  }
}

void HashPrefixRows(duckdb_function_info, duckdb_data_chunk input, duckdb_vector result) {
  VectorView hashes(duckdb_data_chunk_get_vector(input, 0));
  Output output(result);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (hashes.IsNull(row) || hashes.TextAt(row).size() < sizeof(int64_t)) {
      output.Set(row, int64_t{0});
      continue;
    }
    int64_t prefix;
    std::memcpy(&prefix, hashes.TextAt(row).data(), sizeof prefix);
    output.Set(row, prefix);
  }
}

ScalarFunctionHandle MakeFunction(const char* name, duckdb_type result, duckdb_scalar_function_t rows) {
  ScalarFunctionHandle function(duckdb_create_scalar_function());
  TypeHandle type(duckdb_create_logical_type(result));
  duckdb_scalar_function_set_name(function.get(), name);
  duckdb_scalar_function_set_return_type(function.get(), type.get());
  duckdb_scalar_function_set_function(function.get(), rows);
  return function;
}

ScalarFunctionHandle MakeFunction(const char* name, std::initializer_list<duckdb_type> parameters, duckdb_type result,
                                  duckdb_scalar_function_t rows) {
  ScalarFunctionHandle function = MakeFunction(name, result, rows);
  for (duckdb_type parameter : parameters) {
    TypeHandle type(duckdb_create_logical_type(parameter));
    duckdb_scalar_function_add_parameter(function.get(), type.get());
  }
  return function;
}

void Register(duckdb_connection connection, const ScalarFunctionHandle& function) {
  QLAKE_CHECK(duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess);
}

}  // namespace

void RegisterFunctions(duckdb_connection connection) {
  constexpr auto kText = DUCKDB_TYPE_VARCHAR;
  Register(connection, MakeFunction("clean_text", {kText}, kText, CleanTextRows));
  Register(connection, MakeFunction("parse_integer", {kText}, DUCKDB_TYPE_INTEGER, ParseIntegerRows<int32_t>));
  Register(connection, MakeFunction("parse_bigint", {kText}, DUCKDB_TYPE_BIGINT, ParseIntegerRows<int64_t>));
  Register(connection, MakeFunction("clean_email", {kText}, kText, CleanEmailRows));
  Register(connection, MakeFunction("parse_boolean", {kText}, DUCKDB_TYPE_BOOLEAN, ParseBooleanRows));
  Register(connection, MakeFunction("is_decimal", {kText, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_INTEGER},
                                    DUCKDB_TYPE_BOOLEAN, IsDecimalRows));
  Register(connection, MakeFunction("parse_date", {kText}, DUCKDB_TYPE_DATE, ParseDateRows));
  Register(connection, MakeFunction("split_address", {kText, DUCKDB_TYPE_INTEGER}, kText, SplitAddressRows));
  ScalarFunctionHandle content_hash = MakeFunction("content_hash", DUCKDB_TYPE_BLOB, ContentHashRows);
  TypeHandle text_type(duckdb_create_logical_type(kText));
  duckdb_scalar_function_set_varargs(content_hash.get(), text_type.get());
  duckdb_scalar_function_set_special_handling(content_hash.get());  // NULLs count.
  Register(connection, content_hash);
  ScalarFunctionHandle key_hash = MakeFunction("key_hash", {DUCKDB_TYPE_INTEGER}, DUCKDB_TYPE_BIGINT, KeyHashRows);
  duckdb_scalar_function_set_varargs(key_hash.get(), text_type.get());
  duckdb_scalar_function_set_special_handling(key_hash.get());
  Register(connection, key_hash);
  ScalarFunctionHandle hash_prefix =
      MakeFunction("hash_prefix", {DUCKDB_TYPE_BLOB}, DUCKDB_TYPE_BIGINT, HashPrefixRows);
  duckdb_scalar_function_set_special_handling(hash_prefix.get());
  Register(connection, hash_prefix);
}

}  // namespace qlake::engine
