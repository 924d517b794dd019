#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "lake/lake.h"
#include "lake/writer.h"

namespace qlake::maintain {

// A clock that a test moves.
class TestClock final : public base::Clock {
 public:
  base::Timestamp Now() const override { return now_; }
  void Forward(std::chrono::hours hours) { now_.us += hours.count() * 3'600'000'000; }

 private:
  base::Timestamp now_ = *base::ParseTimestamp("2023-05-20T14:00:00Z");
};

// For tests: a lake of its own, which goes when the test ends, with ops.checks as a table that grows by a file a
// commit.
class MaintainedLakeTest : public ::testing::Test {
 protected:
  MaintainedLakeTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_maintain_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    lake_ = std::make_unique<lake::Lake>(lake::LakeOptions{root_}, clock_);
  }
  ~MaintainedLakeTest() override {
    lake_.reset();
    std::filesystem::remove_all(root_);
  }

  static constexpr const char* kTable = lake::kOpsChecks;

  // `progress`: of an application "qlake.test", when above 0.
  void Append(int64_t rows_failed, int64_t progress = 0) {
    lake::Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    std::vector<delta::SetTransaction> transactions;
    if (progress > 0) transactions.push_back({"qlake.test", progress, 0});
    writer.Append(lake::ChecksSchema(),
                  {{"sales", "units", "warn", std::to_string(rows_failed), "1", "run", "2023-05-20T14:00:00Z"}},
                  transactions);
  }

  std::string Rows() {
    lake_->Define(lake::ChecksSchema(), lake_->Load(kTable));
    std::string rows;
    for (const auto& row : lake_->database().Query("SELECT rows_failed FROM ops.checks ORDER BY rows_failed").rows) {
      rows += row[0].value_or("NULL") + " ";
    }
    return rows;
  }

  std::string root_;
  TestClock clock_;
  std::unique_ptr<lake::Lake> lake_;
};

}  // namespace qlake::maintain
