#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/format.h"

// The formats of format.h, one class each. A new format is one more class here and one line in MakeRowWriter.
namespace qlake::report {

class TableWriter final : public RowWriter {
 public:
  TableWriter(TextSink sink, FormatOptions options) : sink_(std::move(sink)), options_(std::move(options)) {}
  void Begin(const std::vector<engine::ResultColumn>& columns) override;
  void Write(const engine::ResultRow& row) override;
  void End() override;

 private:
  struct Column {
    std::string name;
    bool right_aligned = false;
    size_t width = 0;
  };

  std::string Shorten(std::string_view text) const;
  void WriteLine(const std::vector<std::string>& cells, const std::string& bar);
  void WriteRule();
  std::vector<std::string> DrawBars() const;

  TextSink sink_;
  FormatOptions options_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::optional<size_t> bar_column_;
  std::vector<double> bar_values_;
};

class CsvWriter final : public RowWriter {
 public:
  explicit CsvWriter(TextSink sink) : sink_(std::move(sink)) {}
  void Begin(const std::vector<engine::ResultColumn>& columns) override;
  void Write(const engine::ResultRow& row) override;
  void End() override {}

 private:
  TextSink sink_;
};

class JsonWriter final : public RowWriter {
 public:
  explicit JsonWriter(TextSink sink) : sink_(std::move(sink)) {}
  void Begin(const std::vector<engine::ResultColumn>& columns) override;
  void Write(const engine::ResultRow& row) override;
  void End() override;

 private:
  TextSink sink_;
  std::vector<std::string> keys_;  // As JSON text, with quotes and colon.
  std::vector<bool> quoted_;
  bool is_first_ = true;
};

class MarkdownWriter final : public RowWriter {
 public:
  MarkdownWriter(TextSink sink, std::string title) : sink_(std::move(sink)), title_(std::move(title)) {}
  void Begin(const std::vector<engine::ResultColumn>& columns) override;
  void Write(const engine::ResultRow& row) override;
  void End() override {}

 private:
  TextSink sink_;
  std::string title_;
};

class HtmlWriter final : public RowWriter {
 public:
  HtmlWriter(TextSink sink, std::string title) : sink_(std::move(sink)), title_(std::move(title)) {}
  void Begin(const std::vector<engine::ResultColumn>& columns) override;
  void Write(const engine::ResultRow& row) override;
  void End() override;

 private:
  TextSink sink_;
  std::string title_;
  std::vector<bool> right_aligned_;
};

}  // namespace qlake::report
