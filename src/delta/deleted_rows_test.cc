#include "delta/deleted_rows.h"

#include <gtest/gtest.h>

#include <random>

#include "delta/test_table.h"
#include "delta/z85.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;
using Rows = std::vector<uint64_t>;

// The example of PROTOCOL.md.
const DeletionVector kInline{.storage_type = "i",
                             .path_or_inline = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
                             .size_bytes = 40,
                             .cardinality = 6};

template <typename Number>
std::string Little(Number value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(Number); ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Big(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

constexpr uint32_t kPortable = 1681511377;
constexpr uint32_t kNative = 1681511376;

// A bitmap of one container without runs.
std::string ArrayBitmap(uint16_t key, const std::vector<uint16_t>& rows) {
  std::string bytes = Little<uint32_t>(12346) + Little<uint32_t>(1) + Little(key) +
                      Little(static_cast<uint16_t>(rows.size() - 1)) + Little<uint32_t>(16);
  for (uint16_t row : rows) bytes += Little(row);
  return bytes;
}

// One container with the runs of {first, length - 1}.
std::string RunBitmap(uint16_t key, const std::vector<std::pair<uint16_t, uint16_t>>& runs) {
  uint32_t count = 0;
  for (const auto& run : runs) count += run.second + 1U;
  std::string bytes = Little<uint32_t>(12347) + "\x01" + Little(key) + Little(static_cast<uint16_t>(count - 1)) +
                      Little(static_cast<uint16_t>(runs.size()));
  for (const auto& run : runs) bytes += Little(run.first) + Little(run.second);
  return bytes;
}

// One container in which every second row is.
std::string BitsBitmap(uint16_t key) {
  std::string bytes =
      Little<uint32_t>(12346) + Little<uint32_t>(1) + Little(key) + Little<uint16_t>(32767) + Little<uint32_t>(16);
  return bytes + std::string(8192, '\x55');
}

std::string Portable(const std::vector<std::pair<uint32_t, std::string>>& bitmaps) {
  std::string bytes = Little(kPortable) + Little<uint64_t>(bitmaps.size());
  for (const auto& [key, bitmap] : bitmaps) bytes += Little(key) + bitmap;
  return bytes;
}

Rows Among(const DeletedRows& rows, const Rows& asked) {
  Rows found;
  for (uint64_t row : asked) {
    if (rows.Contains(row)) found.push_back(row);
  }
  return found;
}

TEST(Z85Test, DecodesTheExampleOfItsSpecification) {
  EXPECT_EQ(DecodeZ85("HelloWorld"), "\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B");
  EXPECT_EQ(DecodeZ85(""), "");
  for (const char* text : {"Hello1", "Hell~", "#####"}) EXPECT_EQ(DecodeZ85(text), std::nullopt) << text;
}

TEST(DeletedRowsTest, TheProtocolsInlineExampleHasItsRows) {
  TestTable table;
  DeletedRows rows = DeletedRows::Read(table.storage(), "t", kInline);
  EXPECT_EQ(rows.size(), 6u);
  Rows all;
  for (uint64_t row = 0; row < 1000; ++row) all.push_back(row);
  EXPECT_EQ(Among(rows, all), (Rows{3, 4, 7, 11, 18, 29}));
}

TEST(DeletedRowsTest, EveryFormOfContainerAndBothFormsOfArraysAreRead) {
  DeletedRows rows = DeletedRows::Parse(
      Portable(
          {{0, RunBitmap(0, {{5, 0}, {10, 9}, {65535, 0}})}, {1, BitsBitmap(2)}, {7, ArrayBitmap(65535, {0, 65535})}}),
      "v");
  constexpr uint64_t kOne = uint64_t{1} << 32;
  EXPECT_EQ(rows.size(), 12u + 32768u + 2u);
  EXPECT_EQ(Among(rows, {4, 5, 6, 9, 10, 19, 20, 65534, 65535, 65536, kOne + 131071, kOne + 131072, kOne + 131073,
                         kOne + 131074, 8 * kOne - 65536, 8 * kOne - 65535, 8 * kOne - 1, 8 * kOne, UINT64_MAX}),
            (Rows{5, 10, 19, 65535, kOne + 131072, kOne + 131074, 8 * kOne - 65536, 8 * kOne - 1}));
  std::string bitmap = ArrayBitmap(0, {1, 2});
  std::string empty = Little<uint32_t>(12346) + Little<uint32_t>(0);
  DeletedRows native =
      DeletedRows::Parse(Little(kNative) + Little<uint32_t>(2) + Little(static_cast<uint32_t>(empty.size())) + empty +
                             Little(static_cast<uint32_t>(bitmap.size())) + bitmap,
                         "v");
  EXPECT_EQ(Among(native, {1, 2, kOne, kOne + 1, kOne + 2}), (Rows{kOne + 1, kOne + 2}));
  EXPECT_EQ(DeletedRows::Parse(Portable({}), "v").size(), 0u);
}

TEST(DeletedRowsTest, WhatContradictsItselfIsCorrupt) {
  std::string good = Portable({{0, ArrayBitmap(0, {1, 2})}});
  for (const std::string& bad :
       {std::string(), std::string("abcd"), good.substr(0, good.size() - 1), good + "x",
        Portable({{0, ArrayBitmap(0, {2, 1})}}), Portable({{0, ArrayBitmap(0, {1, 1})}}),
        Portable({{1, ArrayBitmap(0, {1})}, {0, ArrayBitmap(0, {1})}}), Portable({{0, "junkjunk"}}),
        Portable({{0, RunBitmap(0, {{5, 5}, {10, 1}})}}), Portable({{0, RunBitmap(0, {{65535, 1}})}}),
        Little(kPortable) + Little<uint64_t>(UINT64_MAX), Little(kNative) + Little<uint32_t>(UINT32_MAX)}) {
    EXPECT_EQ(ErrorOf(ErrorKind::kCorrupt, [&] { DeletedRows::Parse(bad, "v"); }).substr(0, 12), "v is damaged");
  }
}

class DeletedRowsFileTest : public testing::Test {
 protected:
  DeletedRowsFileTest() {
    // The file and the place in it that PROTOCOL.md's example of a relative path names.
    std::string bytes = DecodeZ85(kInline.path_or_inline)->substr(0, 40);
    Write("\x01...", Big(40) + bytes + Big(0x0599C9DF));
  }
  void Write(const std::string& before, const std::string& vector) {
    whole_ = before + vector + "....";
    table_.storage().Write(kPath, whole_);
  }
  std::string Error(ErrorKind kind, const DeletionVector& vector) {
    return ErrorOf(kind, [&] { DeletedRows::Read(table_.storage(), "t", vector); });
  }

  static constexpr const char* kPath = "t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
  TestTable table_;
  std::string whole_;
  DeletionVector vector_{
      .storage_type = "u", .path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^", .offset = 4, .size_bytes = 40, .cardinality = 6};
};

TEST_F(DeletedRowsFileTest, AFileIsFoundByItsUuidOrItsAbsolutePath) {
  EXPECT_EQ(DeletedRows::Read(table_.storage(), "t", vector_).size(), 6u);
  vector_.storage_type = "p";
  for (const std::string& scheme : {std::string(), std::string("file:"), std::string("file://")}) {
    vector_.path_or_inline = scheme + table_.root() + "/" + kPath;
    EXPECT_TRUE(DeletedRows::Read(table_.storage(), "t", vector_).Contains(29));
  }
  vector_.path_or_inline = "s3://bucket/x.bin";
  EXPECT_NE(Error(ErrorKind::kInput, vector_).find("s3://bucket/x.bin"), std::string::npos);
  vector_.storage_type = "z";
  EXPECT_NE(Error(ErrorKind::kInput, vector_).find("not supported: z"), std::string::npos);
}

TEST_F(DeletedRowsFileTest, WhatTheLogAndTheFileDisagreeOnIsCorruptAndNamed) {
  std::string name = "deletion vector " + vector_.UniqueId() + " of table t";
  auto expect = [&](const std::string& what, const DeletionVector& vector) {
    std::string message = Error(ErrorKind::kCorrupt, vector);
    EXPECT_EQ(message.substr(0, 22), "deletion vector uab^-a") << message;
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  auto changed = vector_;
  changed.cardinality = 7;
  expect("holds 6 rows, the log says 7", changed);
  changed = vector_;
  changed.size_bytes = 41;
  expect("another size", changed);
  changed.size_bytes = 4000;
  expect("cut off", changed);
  changed.size_bytes = -1;
  expect("no size", changed);
  table_.storage().Write(kPath, whole_.substr(0, 20));
  expect("cut off", vector_);
  std::string garbled = whole_;
  garbled[30] ^= 1;
  table_.storage().Write(kPath, garbled);
  expect("its checksum differs", vector_);
  table_.storage().Remove(kPath);
  expect("absent", vector_);
  Write("\x02...", whole_.substr(4));
  EXPECT_NE(Error(ErrorKind::kInput, vector_).find("of a version that is not supported"), std::string::npos);
  vector_.path_or_inline = "short";
  EXPECT_NE(Error(ErrorKind::kCorrupt, vector_).find("\"short\""), std::string::npos);
}

TEST(DeletedRowsTest, AnInlineVectorThatIsNoneIsCorrupt) {
  TestTable table;
  auto error = [&](const DeletionVector& vector) {
    return ErrorOf(ErrorKind::kCorrupt, [&] { DeletedRows::Read(table.storage(), "t", vector); });
  };
  for (const char* text : {"", "wi5b", "wi5b=", "\"\"\"\"\""}) {
    DeletionVector vector = kInline;
    vector.path_or_inline = text;
    EXPECT_NE(error(vector).find("is not 40 bytes of base 85"), std::string::npos) << text;
  }
}

// There is no checksum in an inline vector: whatever its bytes are, they are rows or an error.
TEST(DeletedRowsTest, GarbledBytesAreNeverACrash) {
  std::mt19937 random(7);
  const std::vector<std::string> whole = {
      *DecodeZ85(kInline.path_or_inline), Portable({{0, RunBitmap(0, {{5, 0}, {10, 9}})}, {3, BitsBitmap(2)}}),
      Little(kNative) + Little<uint32_t>(1) + Little<uint32_t>(20) + ArrayBitmap(1, {1, 2})};
  int errors = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string garbled = whole[static_cast<size_t>(round) % whole.size()];
    size_t changes = random() % 4;
    for (size_t i = 0; i < changes; ++i)
      garbled[random() % std::min<size_t>(garbled.size(), 64)] = static_cast<char>(random());
    if (random() % 4 == 0) garbled.resize(random() % garbled.size());
    try {
      DeletedRows rows = DeletedRows::Parse(garbled, "v");
      for (uint64_t row = 0; row < 200'000; row += 997) rows.Contains(row);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      ++errors;
    }
  }
  EXPECT_GT(errors, 5'000);
}

}  // namespace
}  // namespace qlake::delta
