#pragma once
// The command line of the benchmarks' programs: CLI11, compiled once, since its headers cost as much as a program.
// Errors and help are CLI11's own.

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tickrelay::bench {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_skipped = 77;

// A value that the user gave and that cannot be.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Returns the exit code.
using Command = std::function<int()>;

class Option {
 public:
  Option& required();
  Option& within(int low, int high);
  Option& within(double low, double high);
  Option& among(const std::vector<std::string>& words);
  Option& separated_by(char character);
  // Help names the value that it has now.
  Option& shown();
  // Not beside the other; only beside the other.
  Option& excludes(const Option& other);
  Option& needs(const Option& other);

 private:
  friend class CommandLine;
  explicit Option(CLI::Option* option) : option_(option) {}
  CLI::Option* option_;
};

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& what);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // T: bool (a flag), int, a number of <cstdint>, double or an optional one, std::string, or a vector of strings. A name
  // without dashes is an argument by its place. `into` must live until run() returns.
  template <class T>
  Option add(const std::string& name, T& into, const std::string& what = "");
  // Of several, the user has to choose one.
  CommandLine& command(const std::string& name, const std::string& what, Command (*make)(CommandLine&));
  // A command beside what the program does without one.
  CommandLine& command(const std::string& name, const std::string& what, Command run);
  // Looks at values together, before anything runs. Throws UsageError.
  void check(std::function<void()> check);
  // An error shows all of the help.
  void help_on_error();

  // Parses, checks, runs what was chosen. Says on stderr what kept it from that. Returns the exit code.
  int run(int count, const char* const* arguments, const Command& alone = {});

 private:
  CommandLine(const std::string& program, CLI::App& app);

  const std::string program_;
  std::unique_ptr<CLI::App> owned_;
  CLI::App& app_;
  std::vector<std::pair<std::unique_ptr<CommandLine>, Command>> commands_;
};

}  // namespace tickrelay::bench
