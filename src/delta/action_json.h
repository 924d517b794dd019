#pragma once

#include <string>
#include <vector>

#include "delta/actions.h"

namespace qlake::delta {

// The actions of one log file: a JSON object a line, each with one action (PROTOCOL.md, "Delta Log Entries"). Actions
// and fields that we do not know are left out, as the protocol wants. Throws Error{kCorrupt} with `name` (the file) and
// line when the text is anything else, and Error{kInput} when it names a data file outside of the table's folder.
std::vector<Action> ParseActions(std::string text, const std::string& name);

// Each as one line of a log file, without the line's end. commitInfo is written by the transaction, which knows more of
// it than a reader needs.
std::string FormatAction(const Protocol& protocol);
std::string FormatAction(const Metadata& metadata);
std::string FormatAction(const SetTransaction& transaction);
std::string FormatAction(const RemoveFile& file);
std::string FormatAction(const AddFile& file);
std::string FormatAction(const ChangeFile& file);

}  // namespace qlake::delta
