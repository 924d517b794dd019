#include "engine/spark/session_config.h"

namespace qlake::engine {

std::map<std::string, std::string> SessionConfig() {
  return {{"spark.sql.session.timeZone", "UTC"},
          {"spark.sql.timestampType", "TIMESTAMP_LTZ"},
          {"spark.sql.ansi.enabled", "true"},
          {"spark.sql.parser.escapedStringLiterals", "false"},  // What SqlToken::ForSpark and RuleSql write for.
          {"spark.sql.caseSensitive", "false"},
          {"spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS"},
          {"spark.sql.parquet.compression.codec", "zstd"}};
}

}  // namespace qlake::engine
