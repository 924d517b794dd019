#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/duckdb/database.h"

namespace qlake::engine {

// For tests: an engine over a lake of its own, which goes when the test ends.
class LakeTest : public testing::Test {
 protected:
  LakeTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_engine_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    storage_ = storage::OpenLocalStorage(root_);
    Open({.threads = 2});
  }
  ~LakeTest() override {
    database_.reset();
    std::filesystem::remove_all(root_);
  }

  void Open(const DatabaseOptions& options) { database_ = std::make_unique<Database>(*storage_, options); }

  // Rows as texts: cells with "|" between, NULL as "NULL".
  std::vector<std::string> Rows(const std::string& sql) {
    std::vector<std::string> rows;
    for (const auto& row : database_->Query(sql).rows) {
      std::string text;
      for (const auto& cell : row) text += (text.empty() ? "" : "|") + cell.value_or("NULL");
      rows.push_back(text);
    }
    return rows;
  }
  std::string Cell(const std::string& expression) { return Rows("SELECT " + expression).at(0); }

  std::optional<delta::Snapshot> Load(const TableTarget& target) {
    return delta::Snapshot::Load(*storage_, target.path);
  }

  // Commits on top of the newest version and defines the table as view t.t anew.
  ApplyReport Apply(const TableTarget& target, const TableChange& change, const ApplyOptions& options = {}) {
    auto report = database_->Apply(target, Load(target), change, options, base::SystemClock());
    EXPECT_TRUE(std::holds_alternative<delta::Committed>(report.outcome));
    database_->DefineTable("t.t", *Load(target));
    return report;
  }

  template <typename Body>
  void ExpectError(base::ErrorKind kind, const std::string& part, const Body& body) {
    try {
      body();
      ADD_FAILURE() << "no error that says: " << part;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.message();
      EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
  }

  std::string root_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<Database> database_;
};

}  // namespace qlake::engine
