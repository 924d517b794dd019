#include "simulate/drop_file.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "base/error.h"

namespace qlake::simulate {
namespace {

std::filesystem::path HiddenPath(const std::filesystem::path& path) {
  return path.parent_path() / ("." + path.filename().string() + ".tmp");
}

}  // namespace

DropFile::DropFile(const std::filesystem::path& path)
    : path_(path),
      hidden_path_(HiddenPath(path)),
      buffer_(new char[kFlushBytes + kRecordBytesMax]),
      end_(buffer_.get()) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw base::IoError("cannot make the folder {}: {}", path.parent_path().string(), error.message());
  file_.open(hidden_path_, std::ios::binary | std::ios::trunc);
  if (!file_) throw base::IoError("cannot write {}: {}", hidden_path_.string(), std::strerror(errno));
}

DropFile::~DropFile() {
  if (finished_) return;
  std::error_code ignored;
  std::filesystem::remove(hidden_path_, ignored);
}

void DropFile::PutNumber(uint64_t number) { end_ = std::to_chars(end_, end_ + 20, number).ptr; }

void DropFile::PutDigits(uint64_t number, int width) {
  for (int i = width - 1; i >= 0; --i) {
    end_[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  end_ += width;
}

void DropFile::PutLine(std::string_view text) {
  while (text.size() >= kRecordBytesMax) {
    Put(text.substr(0, kRecordBytesMax));
    text.remove_prefix(kRecordBytesMax);
    Flush();
  }
  Put(text);
  Put("\n");
  EndRecord();
}

void DropFile::Finish() {
  Flush();
  file_.close();
  if (!file_) throw base::IoError("cannot write {}: {}", hidden_path_.string(), std::strerror(errno));
  std::error_code error;
  std::filesystem::rename(hidden_path_, path_, error);
  if (error) throw base::IoError("cannot rename {} to its name: {}", hidden_path_.string(), error.message());
  finished_ = true;
}

void DropFile::Flush() {
  const std::ptrdiff_t size = end_ - buffer_.get();
  file_.write(buffer_.get(), size);
  if (!file_) throw base::IoError("cannot write {}: {}", hidden_path_.string(), std::strerror(errno));
  flushed_ += size;
  end_ = buffer_.get();
}

}  // namespace qlake::simulate
