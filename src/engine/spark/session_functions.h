#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qlake::engine {

// The project's functions in one session of Spark, where making one takes a round trip: those that no statement names
// are never made.
class SessionFunctions {
 public:
  // Keeps the statement back if it is CREATE [OR REPLACE] TEMPORARY FUNCTION; else returns false.
  bool Hold(const std::string& statement);

  // The statements that make the functions which the SQL names and which were held back until now, those first that
  // others call.
  std::vector<std::string> Take(std::string_view sql);
  // The session is another one, which has none of them.
  void HoldAllAgain() { held_.merge(made_); }

 private:
  std::map<std::string, std::string> held_;  // Statement by name, in lower case.
  std::map<std::string, std::string> made_;
};

}  // namespace qlake::engine
