#pragma once

#include <string>
#include <string_view>

// The form of a path in a Storage: parts separated by "/", none in front, no part "." or "..".
namespace qlake::storage {

// Throws Error{kInput} when the path names no file in this form.
void RequireFilePath(std::string_view path);
// The same for a folder; empty stands for the storage's root.
void RequireFolderPath(std::string_view path);

// "folder/name", or the name alone in the root.
std::string JoinPath(std::string_view folder, std::string_view name);
// The folder that names the file or folder; empty for one right in the root.
std::string_view ParentOf(std::string_view path);

}  // namespace qlake::storage
