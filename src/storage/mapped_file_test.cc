#include "storage/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace qlake::storage {
namespace {

class MappedFileTest : public ::testing::Test {
 protected:
  MappedFileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_mapped_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    storage_ = OpenLocalStorage(root_);
  }
  ~MappedFileTest() override { std::filesystem::remove_all(root_); }

  std::string root_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(MappedFileTest, ShowsTheBytesOfTheFile) {
  std::string bytes(10'000, 'x');
  bytes.back() = 'y';
  storage_->Write("a/b", bytes);
  auto file = MappedFile::Open(*storage_, "a/b");
  ASSERT_TRUE(file);
  file->ExpectScatteredReads();
  file->ReadAhead(5000, 1'000'000);
  EXPECT_EQ(file->bytes(), bytes);
  EXPECT_TRUE(file->IsInMemory(9'999));
}

TEST_F(MappedFileTest, AnAbsentFileIsNothingAndAnEmptyOneIsEmpty) {
  EXPECT_FALSE(MappedFile::Open(*storage_, "a/b"));
  storage_->Write("a/b", "");
  auto file = MappedFile::Open(*storage_, "a/b");
  ASSERT_TRUE(file);
  file->ReadAhead(0, 1);
  EXPECT_EQ(file->bytes(), "");
}

TEST_F(MappedFileTest, StaysReadableWhenTheFileIsReplacedOrRemoved) {
  storage_->Write("a", "old");
  auto file = MappedFile::Open(*storage_, "a");
  storage_->Replace("a", "new");
  EXPECT_EQ(file->bytes(), "old");
  storage_->Remove("a");
  EXPECT_EQ(file->bytes(), "old");
  MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.bytes(), "old");
}

// A storage that is no local disk: what it opens is not a path.
class DistantStorage final : public Storage {
 public:
  explicit DistantStorage(Storage& storage) : storage_(storage) {}
  std::string Read(std::string_view path) const override { return storage_.Read(path); }
  std::string ReadRange(std::string_view path, uint64_t offset, uint64_t length) const override {
    return storage_.ReadRange(path, offset, length);
  }
  std::optional<std::string> ReadIfPresent(std::string_view path) const override {
    return storage_.ReadIfPresent(path);
  }
  std::optional<Entry> Find(std::string_view path) const override { return storage_.Find(path); }
  std::vector<Entry> List(std::string_view folder) const override { return storage_.List(folder); }
  std::vector<Entry> ListAll(std::string_view folder) const override { return storage_.ListAll(folder); }
  std::vector<std::string> ListFolders(std::string_view folder) const override { return storage_.ListFolders(folder); }
  void Write(std::string_view path, std::string_view bytes) override { storage_.Write(path, bytes); }
  void Append(std::string_view path, std::string_view bytes) override { storage_.Append(path, bytes); }
  void Sync(std::span<const std::string> paths) override { storage_.Sync(paths); }
  bool PutIfAbsent(std::string_view path, std::string_view bytes) override { return storage_.PutIfAbsent(path, bytes); }
  void Replace(std::string_view path, std::string_view bytes) override { storage_.Replace(path, bytes); }
  void Remove(std::string_view path) override { storage_.Remove(path); }
  void Move(std::string_view from, std::string_view to) override { storage_.Move(from, to); }
  void RemoveFolder(std::string_view folder) override { storage_.RemoveFolder(folder); }
  std::string Url(std::string_view path) const override { return "hdfs://namenode/" + std::string(path); }
  std::string LocalPath(std::string_view path) const override { return storage_.LocalPath(path); }
  void FetchCopies(std::span<const std::string>) const override {}
  void RemoveCopies() const override {}

 private:
  Storage& storage_;
};

TEST_F(MappedFileTest, AFileThatCannotBeMappedIsRead) {
  DistantStorage distant(*storage_);
  EXPECT_FALSE(MappedFile::Open(distant, "a"));
  distant.Write("a", "short");
  auto file = MappedFile::Open(distant, "a");
  ASSERT_TRUE(file);
  MappedFile moved = std::move(*file);
  moved.ExpectScatteredReads();
  EXPECT_EQ(moved.bytes(), "short");
}

}  // namespace
}  // namespace qlake::storage
