#include "bench/command_line/command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <optional>
#include <type_traits>

namespace tickrelay::bench {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::within(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::within(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::among(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::separated_by(char character) {
  option_->delimiter(character);
  return *this;
}

Option& Option::shown() {
  option_->capture_default_str();
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

CommandLine::CommandLine(const std::string& program, const std::string& what)
    : program_(program), owned_(std::make_unique<CLI::App>(what)), app_(*owned_) {}

CommandLine::CommandLine(const std::string& program, CLI::App& app) : program_(program), app_(app) {}

CommandLine::~CommandLine() = default;

template <class T>
Option CommandLine::add(const std::string& name, T& into, const std::string& what) {
  if constexpr (std::is_same_v<T, bool>) {
    return Option(app_.add_flag(name, into, what));
  } else {
    return Option(app_.add_option(name, into, what));
  }
}

template Option CommandLine::add(const std::string&, bool&, const std::string&);
template Option CommandLine::add(const std::string&, int&, const std::string&);
template Option CommandLine::add(const std::string&, std::int64_t&, const std::string&);
template Option CommandLine::add(const std::string&, std::uint32_t&, const std::string&);
template Option CommandLine::add(const std::string&, std::uint64_t&, const std::string&);
template Option CommandLine::add(const std::string&, double&, const std::string&);
template Option CommandLine::add(const std::string&, std::optional<double>&, const std::string&);
template Option CommandLine::add(const std::string&, std::string&, const std::string&);
template Option CommandLine::add(const std::string&, std::vector<std::string>&, const std::string&);

CommandLine& CommandLine::command(const std::string& name, const std::string& what, Command (*make)(CommandLine&)) {
  app_.require_subcommand(1);
  CommandLine& added = command(name, what, Command{});
  commands_.back().second = make(added);
  return added;
}

CommandLine& CommandLine::command(const std::string& name, const std::string& what, Command run) {
  std::unique_ptr<CommandLine> added(new CommandLine(program_, *app_.add_subcommand(name, what)));
  return *commands_.emplace_back(std::move(added), std::move(run)).first;
}

void CommandLine::check(std::function<void()> check) { app_.callback(std::move(check)); }

void CommandLine::help_on_error() { app_.failure_message(CLI::FailureMessage::help); }

int CommandLine::run(int count, const char* const* arguments, const Command& alone) {
  try {
    app_.parse(count, arguments);
    for (const auto& [command, execute] : commands_) {
      if (command->app_.parsed()) return execute();
    }
    return alone();
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? exit_ok : exit_usage;
  } catch (const UsageError& error) {
    app_.exit(CLI::ValidationError(error.what()));
    return exit_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program_.c_str(), error.what());
    return exit_failed;
  }
}

}  // namespace tickrelay::bench
