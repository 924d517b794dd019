#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace qlake::cli {
namespace {

// For all three shells, inside of '...'.
std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string QuoteForFish(const std::string& text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// Of a help text, what has room beside a name: up to the first of ; : ( or a comma behind a whole sentence's part.
std::string Brief(const std::string& help) {
  std::string brief = help.substr(0, help.find_first_of(";:("));
  while (!brief.empty() && brief.back() == ' ') brief.pop_back();
  size_t default_value = brief.rfind(" [");
  return default_value == std::string::npos ? brief : brief.substr(0, default_value);
}

std::vector<std::string> NamesOf(const ArgumentDescription& flag) {
  std::vector<std::string> names = {flag.name};
  if (!flag.short_name.empty()) names.push_back(flag.short_name);
  return names;
}

std::vector<std::string> CommandNames(const CommandDescription& command) {
  std::vector<std::string> names;
  for (const auto& below : command.commands) names.push_back(below.path.back());
  return names;
}

// Brackets, colons and backslashes mean something in zsh's specifications.
std::string EscapeForZsh(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshValue(const ArgumentDescription& argument) {
  return argument.values.empty() ? "_files" : fmt::format("({})", fmt::join(argument.values, " "));
}

std::string ZshFunction(const CommandDescription& command) { return "_" + command.Joined("_"); }

void AppendZsh(std::string& out, const CommandDescription& command) {
  out += fmt::format("{}() {{\n  local -a commands\n  local context state state_descr line\n  typeset -A opt_args\n",
                     ZshFunction(command));
  out += "  _arguments -C";
  for (const auto& flag : command.flags) {
    for (const auto& name : NamesOf(flag)) {
      bool is_long = name.starts_with("--");
      std::string spec = name + (flag.takes_value && is_long ? "=" : "") + "[" + EscapeForZsh(Brief(flag.help)) + "]";
      if (flag.takes_value) spec += ":value:" + ZshValue(flag);
      out += " \\\n    " + Quote((flag.is_repeated ? "*" : "") + spec);
    }
  }
  if (!command.commands.empty()) {
    out += " \\\n    '1: :->command' \\\n    '*:: :->rest'\n  case $state in\n  command)\n    commands=(\n";
    for (const auto& below : command.commands) {
      out += "      " + Quote(below.path.back() + ":" + EscapeForZsh(Brief(below.help))) + "\n";
    }
    out += "    )\n    _describe -t commands command commands\n    ;;\n  rest)\n    case $line[1] in\n";
    for (const auto& below : command.commands) {
      out += fmt::format("    {}) {} ;;\n", below.path.back(), ZshFunction(below));
    }
    out += "    esac\n    ;;\n  esac\n";
  } else {
    for (const auto& argument : command.arguments) {
      out += " \\\n    " + Quote("*:" + EscapeForZsh(argument.name) + ":" + ZshValue(argument));
    }
    out += "\n";
  }
  out += "}\n\n";
  for (const auto& below : command.commands) AppendZsh(out, below);
}

}  // namespace

std::string BashCompletion(const CommandDescription& root) {
  auto commands = AllCommands(root);
  std::string paths;
  std::string words;
  std::string values;
  for (const auto* command : commands) {
    if (command->path.size() > 1) paths += (paths.empty() ? "" : " | ") + Quote(command->Joined(" "));
    std::vector<std::string> flags;
    for (const auto& flag : command->flags) {
      for (const auto& name : NamesOf(flag)) flags.push_back(name);
      if (!flag.takes_value) continue;
      // An empty list: a path.
      values += fmt::format("    {}) choices={} ;;\n", Quote(command->Joined(" ") + " " + flag.name),
                            Quote(fmt::format("{}", fmt::join(flag.values, " "))));
    }
    std::vector<std::string> names = CommandNames(*command);
    for (const auto& argument : command->arguments) {
      names.insert(names.end(), argument.values.begin(), argument.values.end());
    }
    words +=
        fmt::format("    {}) flags={} names={} ;;\n", Quote(command->Joined(" ")),
                    Quote(fmt::format("{}", fmt::join(flags, " "))), Quote(fmt::format("{}", fmt::join(names, " "))));
  }
  return fmt::format(R"(# Completion of qlake for bash, made by: qlake completion bash
_qlake() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local path=qlake word flags= names= choices= takes_value=yes
  COMPREPLY=()
  # --flag=value comes as three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $word" in
    {paths}) path+=" $word" ;;
    esac
  done
  case "$path $before" in
{values}    *) takes_value= ;;
  esac
  if [[ $takes_value ]]; then
    [[ $choices ]] && COMPREPLY=($(compgen -W "$choices" -- "$current"))
    return 0
  fi
  case "$path" in
{words}  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ $names ]]; then
    COMPREPLY=($(compgen -W "$names" -- "$current"))
  fi
}}
complete -o default -F _qlake qlake
)",
                     fmt::arg("paths", paths), fmt::arg("values", values), fmt::arg("words", words));
}

std::string ZshCompletion(const CommandDescription& root) {
  std::string out = "#compdef qlake\n# Completion of qlake for zsh, made by: qlake completion zsh\n\n";
  AppendZsh(out, root);
  // Read by the shell itself, or found in its path of functions.
  out += "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _qlake \"$@\"\nelse\n  compdef _qlake qlake\nfi\n";
  return out;
}

std::string FishCompletion(const CommandDescription& root) {
  auto commands = AllCommands(root);
  std::string paths;
  std::string lines;
  for (const auto* command : commands) {
    if (command->path.size() > 1) paths += " " + QuoteForFish(command->Joined(" "));
    std::string at = fmt::format("complete -c qlake -n {}", QuoteForFish("__qlake_is_at " + command->Joined(" ")));
    for (const auto& below : command->commands) {
      lines += fmt::format("{} -f -a {} -d {}\n", at, below.path.back(), QuoteForFish(Brief(below.help)));
    }
    for (const auto& flag : command->flags) {
      lines += at;
      if (!flag.short_name.empty()) lines += " -s " + flag.short_name.substr(1);
      lines += " -l " + flag.name.substr(2);
      if (flag.takes_value && flag.values.empty()) lines += " -r";
      if (!flag.values.empty()) {
        lines += " -x -a " + QuoteForFish(fmt::format("{}", fmt::join(flag.values, " ")));
      }
      lines += " -d " + QuoteForFish(Brief(flag.help)) + "\n";
    }
    for (const auto& argument : command->arguments) {
      if (argument.values.empty()) continue;
      lines += fmt::format("{} -f -a {}\n", at, QuoteForFish(fmt::format("{}", fmt::join(argument.values, " "))));
    }
  }
  return fmt::format(R"(# Completion of qlake for fish, made by: qlake completion fish
function __qlake_is_at
    set -l path qlake
    for word in (commandline -opc)[2..-1]
        if contains -- "$path $word"{paths}
            set path "$path $word"
        end
    end
    test "$path" = "$argv"
end

{lines})",
                     fmt::arg("paths", paths), fmt::arg("lines", lines));
}

}  // namespace qlake::cli
