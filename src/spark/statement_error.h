#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace qlake::spark {

// Spark does not do a statement, and says why. kInput: the SQL or the data that it reads (its position is in the
// message); kUnavailable: again later (a lost race of Delta, a statement that was interrupted); kIo: the rest.
class StatementError : public base::Error {
 public:
  struct Cause {
    std::string error_class;  // Spark's name of it: PARSE_SYNTAX_ERROR, DELTA_CONCURRENT_APPEND.WITHOUT_HINT; or empty.
    std::string sql_state;    // Or empty.
    int line = 0;             // Of the SQL, from 1; 0: Spark names no place.
    int column = 0;           // In characters, from 1.
  };

  StatementError(base::ErrorKind kind, std::string message, Cause cause)
      : Error(kind, std::move(message)), cause_(std::move(cause)) {}
  const Cause& cause() const { return cause_; }

 private:
  Cause cause_;
};

}  // namespace qlake::spark
