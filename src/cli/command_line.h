#pragma once

namespace qlake::cli {

// Parses, runs one command, and gives the exit code. The one place that catches base::Error.
int Main(int argc, char** argv);

}  // namespace qlake::cli
