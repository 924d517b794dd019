#include "ingest/landing.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "base/error.h"

namespace qlake::ingest {
namespace {

namespace fs = std::filesystem;

base::Timestamp ModifiedAt(const struct stat& status) {
  return {int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000};
}

bool IsHidden(const fs::path& relative) {
  return std::any_of(relative.begin(), relative.end(),
                     [](const fs::path& part) { return part.native().starts_with('.'); });
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    auto lead = static_cast<unsigned char>(text[i]);
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : (lead & 0xf0) == 0xe0       ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

// Why the entry is no part of a drop, or empty.
std::string_view ReasonToIgnore(const fs::path& relative) {
  if (!relative.has_parent_path()) return "it lies right in the landing zone, put it into the folder of its drop";
  if (!IsUtf8(relative.native())) return "its name is no UTF-8, rename it";
  return "";
}

}  // namespace

LandingScan ScanLanding(const std::string& landing, std::chrono::seconds settle, base::Timestamp now) {
  std::error_code failed;
  fs::recursive_directory_iterator entries(landing, fs::directory_options::skip_permission_denied, failed);
  if (failed) throw base::InputError("cannot read the landing zone (--landing), {}: {}", failed.message(), landing);
  LandingScan scan;
  for (auto it = fs::begin(entries); it != fs::end(entries); it.increment(failed)) {
    if (failed) throw base::IoError("cannot read the landing zone, {}: {}", failed.message(), landing);
    fs::path relative = it->path().lexically_relative(landing);
    if (IsHidden(relative)) {
      if (it->is_directory(failed)) it.disable_recursion_pending();
      continue;
    }
    struct stat status {};
    // Gone since the listing: whoever pushes it is not done.
    if (stat(it->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (auto why = ReasonToIgnore(relative); !why.empty()) {
      scan.ignored.push_back(fmt::format("{}: {}", why, it->path().native()));
      continue;
    }
    LandedFile file{relative.parent_path().generic_string(), relative.filename().native(), it->path().native(),
                    static_cast<uint64_t>(status.st_size), ModifiedAt(status)};
    if (file.name.ends_with(".tmp") || file.name.ends_with(".part")) {
      scan.waiting.push_back("its name says that it is being written: " + file.path);
    } else if (settle.count() > 0 && file.modified.us + settle.count() * 1'000'000 > now.us) {
      scan.waiting.push_back(fmt::format("it changed less than {} s ago (--settle): {}", settle.count(), file.path));
    } else {
      scan.files.push_back(std::move(file));
    }
  }
  std::sort(scan.files.begin(), scan.files.end(), [](const LandedFile& a, const LandedFile& b) {
    return std::tie(a.drop, a.name) < std::tie(b.drop, b.name);
  });
  return scan;
}

MappedFile::MappedFile(const LandedFile& file) : file_(file) {
  // It may be another file by now: opening a pipe would wait for whoever writes to it.
  fd_ = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) {
    problem_ = fmt::format("it cannot be opened, {}", std::strerror(errno));
    return;
  }
  // A read lease is refused while anyone has the file open for writing. Where leases are not to be had (another owner,
  // some network file systems), size and time before and after the read have to do.
  if (fcntl(fd_, F_SETLEASE, F_RDLCK) == 0) {
    fcntl(fd_, F_SETLEASE, F_UNLCK);
  } else if (errno == EAGAIN) {
    problem_ = "it is being written";
    return;
  }
  if (!IsUnchanged()) {
    problem_ = "it changed a moment ago";
    return;
  }
  if (file.bytes == 0) return;
  void* mapped = mmap(nullptr, file.bytes, PROT_READ, MAP_PRIVATE, fd_, 0);
  if (mapped == MAP_FAILED) {
    problem_ = fmt::format("it cannot be mapped into memory, {}", std::strerror(errno));
    return;
  }
  madvise(mapped, file.bytes, MADV_SEQUENTIAL);
  bytes_ = {static_cast<const char*>(mapped), file.bytes};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  if (fd_ >= 0) close(fd_);
}

bool MappedFile::IsUnchanged() const {
  struct stat status {};
  return fstat(fd_, &status) == 0 && static_cast<uint64_t>(status.st_size) == file_.bytes &&
         ModifiedAt(status) == file_.modified;
}

bool NaturalLess(std::string_view a, std::string_view b) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto number_length = [&](std::string_view text) {
    return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  };
  std::string_view whole_a = a;
  std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      std::string_view number_a = a.substr(0, number_length(a));
      std::string_view number_b = b.substr(0, number_length(b));
      a.remove_prefix(number_a.size());
      b.remove_prefix(number_b.size());
      number_a.remove_prefix(std::min(number_a.find_first_not_of('0'), number_a.size()));
      number_b.remove_prefix(std::min(number_b.find_first_not_of('0'), number_b.size()));
      if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
      if (number_a != number_b) return number_a < number_b;
    } else {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // 01 and 1 differ in their text only.
}

std::optional<base::Hour> HourFromDropName(std::string_view drop) {
  constexpr size_t kLength = std::string_view("2023-05-20T14").size();
  if (drop.size() < kLength) return std::nullopt;
  if (drop.size() > kLength && drop[drop.size() - kLength - 1] != '/') return std::nullopt;
  std::string text(drop.substr(drop.size() - kLength));
  if (text[10] == '/') text[10] = 'T';
  if (text[10] != 'T') return std::nullopt;
  return base::ParseHour(text);
}

}  // namespace qlake::ingest
