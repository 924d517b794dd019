#pragma once

#include <optional>
#include <string>

#include "cli/context.h"
#include "engine/result.h"
#include "report/format.h"
#include "run/published.h"

namespace CLI {
class App;
}

namespace qlake::cli {

// What commands that answer with rows have in common: --format, --limit, and the answer on standard output.
struct AnswerOptions {
  std::string format = "table";
  int64_t limit = -1;  // Not given: formats for people show kRowsForPeople, the others all.
};
void AddAnswerOptions(CLI::App& command, AnswerOptions& options);

// The format asked for; JSON under --json. Throws Error{kInput}.
report::Format FormatOf(const Context& context, const AnswerOptions& options);

// Writes the answer of one SELECT over views that are defined; says on standard error when the limit cut it.
void WriteAnswer(Context& context, engine::Engine& engine, const std::string& sql, const AnswerOptions& options,
                 const report::FormatOptions& format = {});

// Rows that are at hand already.
void WriteRows(Context& context, const engine::Result& rows, report::Format format);

// A query of ours over the last publication.
int AnswerPublished(Context& context, const std::string& sql, const AnswerOptions& options);

}  // namespace qlake::cli
