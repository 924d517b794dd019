#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace qlake::delta {

// The statistics of many files. Those of a checkpoint, which are most of it and which few readers ask for, are decoded
// by the first who does. Thread-safe.
class StatisticsColumn {
 public:
  virtual ~StatisticsColumn() = default;
  // Lives as long as the column. Throws Error{kCorrupt} when the checkpoint cannot be decoded.
  virtual std::string_view At(int64_t row) const = 0;
};

// A file's statistics as JSON text (PROTOCOL.md, "Per-file Statistics"); empty when there are none. Copies share it.
class FileStatistics {
 public:
  FileStatistics() = default;
  FileStatistics(std::string text)  // NOLINT: as a text is
      : column_(text.empty() ? nullptr : std::make_shared<const OneText>(std::move(text))) {}
  FileStatistics(const char* text) : FileStatistics(std::string(text)) {}  // NOLINT
  FileStatistics(std::shared_ptr<const StatisticsColumn> column, int64_t row) : column_(std::move(column)), row_(row) {}

  std::string_view text() const { return column_ ? column_->At(row_) : std::string_view(); }
  operator std::string_view() const { return text(); }  // NOLINT
  bool empty() const { return text().empty(); }
  size_t find(std::string_view part) const { return text().find(part); }
  const char* begin() const { return text().data(); }
  const char* end() const { return text().data() + text().size(); }

  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const FileStatistics& left, const Text& right) {
    return left.text() == std::string_view(right);
  }

 private:
  class OneText final : public StatisticsColumn {
   public:
    explicit OneText(std::string text) : text_(std::move(text)) {}
    std::string_view At(int64_t) const override { return text_; }

   private:
    std::string text_;
  };

  std::shared_ptr<const StatisticsColumn> column_;
  int64_t row_ = 0;
};

}  // namespace qlake::delta
