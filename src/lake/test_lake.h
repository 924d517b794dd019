#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "lake/lake.h"

namespace qlake::lake {

// For tests: a lake of its own, which goes when the test ends.
class LakeTest : public ::testing::Test {
 protected:
  LakeTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_lake_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    lake_ = Open();
  }
  ~LakeTest() override {
    lake_.reset();
    std::filesystem::remove_all(root_);
  }

  // The same lake, of which nothing has been read yet.
  std::unique_ptr<Lake> Open() const { return std::make_unique<Lake>(LakeOptions{root_}, base::SystemClock()); }

  std::string root_;
  std::unique_ptr<Lake> lake_;
};

}  // namespace qlake::lake
