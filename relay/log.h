// Log lines on stderr, as text or as one JSON object a line: time (RFC 3339), severity and message as collectors of clouds know
// them, node, and the fields. Any thread may call; a call blocks for one write. Never per message or per tick. What is about a
// room carries room_id and trace_id. Only log.cpp knows the library behind it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tickrelay::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

std::optional<Level> parse_level(std::string_view name);
std::string_view name_of(Level level);

// One key and its value; views must live until the call returns. Empty text is left out of the line.
struct Field {
    using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view>;
    std::string_view key;
    Value value;

    Field(std::string_view name, bool flag) : key(name), value(flag) {}
    Field(std::string_view name, std::signed_integral auto number) : key(name), value(std::int64_t{number}) {}
    Field(std::string_view name, std::unsigned_integral auto number) : key(name), value(std::uint64_t{number}) {}
    Field(std::string_view name, std::floating_point auto number) : key(name), value(static_cast<double>(number)) {}
    Field(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
    Field(std::string_view name, std::string_view text) : key(name), value(text) {}
    Field(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
};
using Fields = std::initializer_list<Field>;

// Before it, lines are text at level info. node: on each JSON line.
void start(Format format, Level level, std::string node = {});
void set_level(Level level);
bool enabled(Level level);

void write(Level level, std::string_view message, Fields fields = {});
// What happened earlier, in milliseconds since 1970.
void write_at(std::int64_t time_ms, Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

// The last lines that were written, oldest first, at most `count` of the lines_kept that are kept.
inline constexpr std::size_t lines_kept = 512;
struct Line {
    std::int64_t time_ms = 0;  // since 1970
    Level level = Level::info;
    std::string text;
};
std::vector<Line> last_lines(std::size_t count);

// What write() puts on the line, for a time in milliseconds since 1970.
std::string render(Format format, Level level, std::int64_t time_ms, std::string_view message, Fields fields, std::string_view node = {});

}  // namespace tickrelay::log
