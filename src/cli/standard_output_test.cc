#include "cli/standard_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "base/error.h"

namespace qlake::cli {
namespace {

TEST(DescriptorStreamTest, AllThatIsWrittenArrives) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  DescriptorStream stream(ends[1]);
  stream << "rows: " << 42 << std::string(1000, 'x') << '\n';
  stream.flush();
  std::string read(2000, '\0');
  read.resize(static_cast<size_t>(::read(ends[0], read.data(), read.size())));
  EXPECT_EQ(read, "rows: 42" + std::string(1000, 'x') + "\n");
  close(ends[0]);
  close(ends[1]);
}

TEST(DescriptorStreamTest, AReaderThatHasGoneIsNoError) {
  signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  DescriptorStream stream(ends[1]);
  EXPECT_THROW(stream << std::string(200'000, 'x'), ReaderGone);
  close(ends[1]);
}

TEST(DescriptorStreamTest, AFullDiskIsAnErrorThatSaysSo) {
  int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  DescriptorStream stream(full);
  stream << "a row\n";
  try {
    stream.flush();
    FAIL() << "nothing was thrown";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kIo);
    EXPECT_EQ(error.message(), "cannot write to standard output: No space left on device");
  }
  close(full);
}

}  // namespace
}  // namespace qlake::cli
