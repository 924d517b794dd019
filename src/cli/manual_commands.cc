#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/context.h"
#include "cli/manual.h"

namespace qlake::cli {
namespace {

void WritePages(const std::vector<ManualPage>& pages, const std::string& folder, std::ostream& out) {
  for (const auto& page : pages) {
    std::filesystem::path place =
        std::filesystem::path(folder) / ("man" + page.file_name.substr(page.file_name.rfind('.') + 1));
    std::error_code failure;
    std::filesystem::create_directories(place, failure);
    std::string path = (place / page.file_name).string();
    std::ofstream file(path, std::ios::binary);
    file << page.text;
    file.close();
    if (!file) throw base::IoError("cannot write the page of the manual: {}", path);
    out << path << "\n";
  }
}

// Asked for as "runs show", "runs-show" or "qlake.toml"; nothing is qlake's own page.
const ManualPage& FindPage(const std::vector<ManualPage>& pages, const std::vector<std::string>& words) {
  std::vector<std::string> names;
  std::string wanted = "qlake";
  for (const auto& word : words) wanted = word == "qlake" || word == "qlake.toml" ? word : wanted + "-" + word;
  for (const auto& page : pages) {
    std::string name = page.file_name.substr(0, page.file_name.rfind('.'));
    if (name == wanted) return page;
    names.push_back(name);
  }
  throw base::InputError("there is no page of that name{}", base::SuggestName(wanted, names));
}

}  // namespace

void AddCompletion(CLI::App& app, CommandLine& line) {
  auto& command = *app.add_subcommand("completion", "Completion of commands, flags and values for a shell");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n  source <(qlake completion bash)\n"
      "  qlake completion bash > /etc/bash_completion.d/qlake\n"
      "  qlake completion zsh > /usr/local/share/zsh/site-functions/_qlake\n"
      "  qlake completion fish > ~/.config/fish/completions/qlake.fish");
  using Script = std::string (*)(const CommandDescription&);
  for (const auto& [shell, script] : std::initializer_list<std::pair<const char*, Script>>{
           {"bash", BashCompletion}, {"zsh", ZshCompletion}, {"fish", FishCompletion}}) {
    auto& added = *command.add_subcommand(shell, std::string("The script for ") + shell);
    added.callback([&app, &line, script = script] {
      line.bare_command = [&app, script](std::ostream& out) {
        out << script(DescribeCommands(app));
        return kExitDone;
      };
    });
  }
}

void AddMan(CLI::App& app, CommandLine& line) {
  auto& command = *app.add_subcommand("man", "Pages of the manual, made from the commands' own definitions");
  command.footer(
      "Examples:\n  qlake man run | man -l -\n  qlake man runs show | man -l -\n  qlake man qlake.toml | man -l -\n"
      "  qlake man --out /usr/local/share/man");
  auto words = std::make_shared<std::vector<std::string>>();
  auto folder = std::make_shared<std::string>();
  command.add_option("page", *words, "command, or qlake.toml [qlake]");
  command.add_option("--out", *folder, "write all pages into man1 and man5 of this folder");
  command.callback([&app, &line, words, folder] {
    line.bare_command = [&app, words, folder](std::ostream& out) {
      auto pages = BuildManual(DescribeCommands(app));
      if (folder->empty()) {
        out << FindPage(pages, *words).text;
      } else {
        WritePages(pages, *folder, out);
      }
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
