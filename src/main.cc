#include "cli/command_line.h"

int main(int argc, char** argv) { return qlake::cli::Main(argc, argv); }
