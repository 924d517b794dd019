#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::delta {

// The rows of a data file, counted from 0, that its deletion vector takes out of the table. Immutable; safe to share
// between threads.
class DeletedRows {
 public:
  // Reads the vector from the log's text or from its file. Throws Error{kCorrupt} that names the vector when its size,
  // checksum, form or cardinality is not what the log and PROTOCOL.md ("Deletion Vector Format") say.
  static DeletedRows Read(const storage::Storage& storage, const std::string& table_path, const DeletionVector& vector);

  // A serialized RoaringBitmapArray, portable or native. `name` stands in errors.
  static DeletedRows Parse(std::string_view bytes, const std::string& name);

  bool Contains(uint64_t row) const;
  uint64_t size() const { return size_; }

 private:
  friend class RoaringParser;

  // Up to 65,536 rows in a row, of which those of one container are in one of three forms.
  struct Container {
    uint64_t first_row = 0;
    std::vector<uint16_t> rows;  // Ascending.
    std::vector<uint64_t> bits;
    struct Run {
      uint16_t first = 0;
      uint16_t last = 0;
    };
    std::vector<Run> runs;  // Ascending, apart.

    bool Contains(uint16_t row) const;
  };

  std::vector<Container> containers_;  // Ascending.
  uint64_t size_ = 0;
};

}  // namespace qlake::delta
