#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/qlake_process.h"

namespace qlake::testing {

// A workplace of its own for each test: landing zone, lake and dump folder below a temporary folder that goes
// afterwards.
class LakeTest : public ::testing::Test {
 public:
  LakeTest();
  ~LakeTest() override;

  const std::string& folder() const { return folder_; }
  std::string landing() const { return folder_ + "/landing"; }
  std::string lake() const { return folder_ + "/lake"; }
  std::string dump() const { return folder_ + "/dump"; }

  // Writes a file into a drop of the landing zone, as a source would: under another name first.
  void Drop(const std::string& drop, const std::string& name, const std::string& text) const;
  // Copies shared/data/group<N> in as a drop; false, loudly, when there is no shared data.
  bool DropGroup(int group, const std::string& drop) const;
  void RemoveDrop(const std::string& drop) const;

  // A command on this test's lake; the flags that it understands are added.
  ProcessResult Run(const std::vector<std::string>& arguments, const Environment& environment = {}) const;
  // The same, and the test fails when the exit code is not 0.
  std::string MustRun(const std::vector<std::string>& arguments, const Environment& environment = {}) const;
  // CSV of a query, without the header.
  std::string Sql(const std::string& query) const;

  // Everything that the lake says, as text: fact, dimensions, marts, quarantine, current ledger. Two lakes of equal
  // content give equal texts, however they came about.
  std::string Content() const;

  // Everything in the lake except what carries ids and times of the run. Empty, when the ledger closes for every file.
  std::string UnclosedLedger() const;

 private:
  std::string folder_;
};

std::string ReadFile(const std::string& path);

// One transaction file of the 21 real columns, for rows given without the columns that seldom matter.
struct Sale {
  std::string id;
  std::string date = "2023-5-20";
  std::string customer = "85001";
  std::string first_name = "Ann";
  std::string last_name = "Lee";
  std::string email = "ann.lee@gmail.com;";
  std::string agent = "1";
  std::string branch = "1";
  std::string product = "1";
  std::string product_name = "Shirt";
  std::string offer = "";  // "1" to "5", or several: "13".
  std::string units = "2";
  std::string price = "10.50";
  std::string address = "";  // Not empty: an online sale, without agent and branch.
};
std::string SalesCsv(const std::vector<Sale>& sales);
std::string SalesHeader();
std::string SaleLine(const Sale& sale);

}  // namespace qlake::testing
