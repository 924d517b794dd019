#include "cli/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/setting_definitions.h"
#include "cli/version.h"

namespace qlake::cli {
namespace {

constexpr const char* kSettingsPage = "qlake.toml";

// Text that roff takes for text: a backslash, a minus that is one, no command at the beginning of a line.
std::string Escape(const std::string& text) {
  std::string escaped;
  bool begins_line = true;
  for (char c : text) {
    if (begins_line && (c == '.' || c == '\'')) escaped += "\\&";
    begins_line = c == '\n';
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Bold(const std::string& text) { return "\\fB" + Escape(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Escape(text) + "\\fR"; }

std::string ToUpper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string Head(const std::string& name, int section, const std::string& help) {
  return fmt::format(".TH {} {} {} \"qlake {}\" \"qlake\"\n.SH NAME\n{} \\- {}\n", ToUpper(name), section, kReleased,
                     kVersion, Escape(name), Escape(help));
}

// A sentence a line, none too long: mandoc asks for that.
std::string Paragraph(const std::string& text) {
  constexpr size_t kWidth = 78;
  std::string lines;
  std::string line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      lines += Escape(line) + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + Escape(line) + "\n";
}

std::string SentenceOf(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + (text.ends_with('.') ? "" : ".");
}

std::string NameOfValue(const ArgumentDescription& flag) {
  return flag.values.empty() ? "value" : fmt::format("{}", fmt::join(flag.values, "|"));
}

std::string Synopsis(const CommandDescription& command) {
  std::string text = ".SH SYNOPSIS\n" + Bold(command.Joined(" "));
  if (!command.commands.empty()) {
    std::string below = Italic("command") + " ...";
    text += command.needs_command ? " " + below : " [" + below + "]";
  }
  if (!command.flags.empty()) text += " [" + Italic("flags") + "]";
  for (const auto& argument : command.arguments) {
    std::string name = Italic(argument.name) + (argument.is_repeated ? " ..." : "");
    text += argument.is_required ? " " + name : " [" + name + "]";
  }
  return text + "\n";
}

std::string Definition(const std::string& term, const std::string& text) {
  return ".TP\n" + term + "\n" + Paragraph(text);
}

std::string Arguments(const CommandDescription& command) {
  if (command.arguments.empty()) return "";
  std::string text = ".SH ARGUMENTS\n";
  for (const auto& argument : command.arguments) text += Definition(Italic(argument.name), argument.help);
  return text;
}

std::string Flags(const CommandDescription& command) {
  if (command.flags.empty()) return "";
  std::string text = ".SH FLAGS\n";
  for (const auto& flag : command.flags) {
    std::string term = flag.short_name.empty() ? "" : Bold(flag.short_name) + ", ";
    term += Bold(flag.name) + (flag.takes_value ? " " + Italic(NameOfValue(flag)) : "");
    text += Definition(term, flag.help);
  }
  return text;
}

std::string Commands(const CommandDescription& command) {
  if (command.commands.empty()) return "";
  std::string text = ".SH COMMANDS\n";
  for (const auto& below : command.commands) text += Definition(Bold(below.path.back()), SentenceOf(below.help));
  return text;
}

// The footer's lines; those below "Examples:" as they are.
std::string Footer(const CommandDescription& command) {
  size_t at = command.footer.find("Examples:\n");
  if (at == std::string::npos) return "";
  std::string text;
  if (at > 0) text += ".SH NOTES\n" + Paragraph(command.footer.substr(0, at));
  text += ".SH EXAMPLES\n.nf\n";
  std::istringstream lines(command.footer.substr(command.footer.find('\n', at) + 1));
  for (std::string line; std::getline(lines, line);) {
    size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos) text += Escape(line.substr(first)) + "\n";
  }
  return text + ".fi\n";
}

std::string ExitStatus() {
  return ".SH EXIT STATUS\n" + Definition("0", "Done.") +
         Definition("1", "Failed: the machine, a server or another writer of the lake.") +
         Definition("2", "Wrong input or use.") +
         Definition("3", "Done, but data was quarantined and --strict was given.") + Definition("130", "Interrupted.");
}

std::string Files() {
  return ".SH FILES\n" +
         Definition(Italic("qlake.toml"),
                    "Settings: in the working folder, or in that of the project, or where --config says.");
}

// "A \fBB\fR(1), ..." of all other pages that belong to this one.
std::string SeeAlso(const CommandDescription& command) {
  std::string text = ".SH SEE ALSO\n";
  auto add = [&text](const std::string& name, int section) {
    if (!text.ends_with("ALSO\n")) text += ",\n";
    text += ".BR " + Escape(name) + " (" + std::to_string(section) + ")";
  };
  if (command.path.size() > 1) {
    CommandDescription above;
    above.path.assign(command.path.begin(), command.path.end() - 1);
    add(above.Joined("-"), 1);
  }
  for (const auto& below : command.commands) add(below.Joined("-"), 1);
  add(kSettingsPage, 5);
  // In .BR a comma stands behind the section.
  std::string fixed;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' && i + 1 < text.size() && text[i + 1] == '\n') {
      fixed += " ,";
      continue;
    }
    fixed += text[i];
  }
  return fixed + "\n";
}

ManualPage PageOf(const CommandDescription& command) {
  std::string name = command.Joined("-");
  std::string text = Head(name, 1, command.help) + Synopsis(command) + ".SH DESCRIPTION\n" +
                     Paragraph(SentenceOf(command.help)) + Commands(command) + Arguments(command) + Flags(command) +
                     ExitStatus() + Files() + Footer(command) + SeeAlso(command);
  return {name + ".1", text};
}

std::string OrderOfOrigins() {
  return Paragraph(
      "A flag counts before its variable of the environment, that before qlake.toml, and that before the default. "
      "qlake config show --origin says what counts and where it comes from.");
}

ManualPage SettingsPage() {
  std::string text = Head(kSettingsPage, 5, "settings of qlake") + ".SH DESCRIPTION\n" + OrderOfOrigins() + ".PP\n" +
                     Paragraph(
                         "Paths in the file are relative to its folder. A secret never stands in it, only where it is "
                         "to be had: { env = \"NAME\" }, { file = \"PATH\" } or { command = \"...\" }; any other "
                         "setting may be given so, too.");
  std::string section = "none";
  for (const auto& definition : SettingDefinitions()) {
    std::string own = definition.key.substr(0, std::max<size_t>(definition.key.find('.') + 1, 1) - 1);
    if (section != own) text += own.empty() ? ".SH KEYS\n" : ".SH [" + Escape(own) + "]\n";
    section = own;
    std::string help = SentenceOf(definition.help);
    if (definition.type.is_secret) help += " A secret.";
    if (!definition.default_value.empty()) help += " Default: " + definition.default_value + ".";
    help += " Variable: " + definition.environment() + ".";
    if (!definition.flag.empty()) help += " Flag: " + definition.flag + ".";
    text += Definition(Bold(definition.key.substr(own.empty() ? 0 : own.size() + 1)), help);
  }
  text += ".SH SEE ALSO\n.BR qlake (1),\n.BR qlake\\-config\\-show (1)\n";
  return {std::string(kSettingsPage) + ".5", text};
}

}  // namespace

std::vector<ManualPage> BuildManual(const CommandDescription& root) {
  std::vector<ManualPage> pages;
  for (const auto* command : AllCommands(root)) pages.push_back(PageOf(*command));
  pages.push_back(SettingsPage());
  return pages;
}

}  // namespace qlake::cli
