#pragma once
// The subcommands of tickrelay-bench: each adds its flags and says what to do when it was chosen.

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "bench/load/recording.h"
#include "bench/load/run.h"

namespace tickrelay::bench {

// Returns the exit code.
using Command = std::function<int()>;

Command add_run(CLI::App& app);
Command add_capacity(CLI::App& app);
Command add_codec(CLI::App& app);
Command add_replay(CLI::App& app);
Command add_scale(CLI::App& app);
Command add_storm(CLI::App& app);

// What the subcommands share.
void add_server_flags(CLI::App& app, ServerChoice& choice);
// "30s", "500ms", "2m" or seconds as a number. Throws CLI::ValidationError.
std::int64_t parse_duration_ns(const std::string& text);
// Of a .gsr or .gsr.xz. Throws std::runtime_error.
Recording load_recording(const std::string& path);
Progress show_progress();
// Pins this program where that was asked for. Throws std::runtime_error where it cannot.
void prepare(const ServerChoice& choice);
// To a file; nothing where the path is "". Throws std::runtime_error where it cannot.
void write_text(const std::string& path, const std::string& text);
void write_report(const std::string& path, const Json& report);

}  // namespace tickrelay::bench
