#pragma once
// The subcommands of tickrelay-bench: each adds its flags and says what to do when it was chosen.

#include <string>

#include "bench/command_line/command_line.h"
#include "bench/load/recording.h"
#include "bench/load/run.h"

namespace tickrelay::bench {

Command add_run(CommandLine& app);
Command add_capacity(CommandLine& app);
Command add_codec(CommandLine& app);
Command add_replay(CommandLine& app);
Command add_scale(CommandLine& app);
Command add_storm(CommandLine& app);

// What the subcommands share.
void add_server_flags(CommandLine& app, ServerChoice& choice);
// "30s", "500ms", "2m" or seconds as a number. Throws UsageError.
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
