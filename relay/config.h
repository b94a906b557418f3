// From the command line to a relay's configuration: flags > environment > file > defaults.
//
//     auto flags = parse_flags(arguments);          // or an Exit: --help, --version, a usage error
//     auto config = load_config(flags, environment); // or every error there is, with file and line
//
// Owner: main, before there are threads; on SIGHUP relay.cpp loads again and takes what can be taken.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "relay/config_keys.h"
#include "relay/door/room_keys.h"
#include "relay/options.h"

namespace tickrelay {

inline constexpr int exit_clean = 0;
inline constexpr int exit_bad_configuration = 1;  // or a port in use
inline constexpr int exit_usage = 2;

struct Flags {
    std::string config_path;  // empty: no file
    bool dev = false;
    bool check_config = false;
    bool print_config = false;
    std::vector<std::pair<const ConfigKey*, std::string>> values;  // a list's key may come several times
};

// End the program with this code after printing the text: on stdout where code is 0, else on stderr.
struct Exit {
    int code = exit_clean;
    std::string text;
};

std::variant<Flags, Exit> parse_flags(const std::vector<std::string>& arguments);  // with the program's name

using Environment = std::map<std::string, std::string, std::less<>>;
Environment read_environment();  // the process's TICKRELAY_*

struct Config {
    Options options;
    std::shared_ptr<const RoomTypes> types;
    std::vector<std::string> notes;  // for the log: what is odd, but no error
};
using ConfigErrors = std::vector<std::string>;  // each names its source and the remedy

std::variant<Config, ConfigErrors> load_config(const Flags& flags, const Environment& environment);

// Why a relay with these options must not start, and how it can; empty where it may.
std::string refuse_to_start(const Options& options);

// The effective configuration as a documented TOML file that --config reads back.
std::string print_config(const Config& config);

// After SIGHUP: copies what can be reloaded from `fresh` into `options`. The words for the log: keys that were taken,
// and keys that changed but need a restart.
struct Reloaded {
    std::vector<std::string> taken;
    std::vector<std::string> need_restart;
};
Reloaded reload_options(Options& options, const Options& fresh);

// The whole of main() before there is a relay: a Config to run with, or how to end.
std::variant<Config, Exit> configure(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace tickrelay
