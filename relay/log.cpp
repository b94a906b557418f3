#include "relay/log.h"

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

#include "relay/core/utf8.h"

namespace tickrelay::log {

namespace {

constexpr std::array<std::string_view, 5> names = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 5> severities = {"DEBUG", "INFO", "WARNING", "ERROR", "OFF"};
constexpr std::array levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                               spdlog::level::off};

Format chosen_format = Format::text;  // written by start() alone, before the threads
std::string chosen_node;              // so is this

const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt>& ring_sink() {
    static const auto made = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(lines_kept);
    return made;
}

spdlog::logger& logger() {
    static const auto made = [] {
        auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        sink->set_pattern("%v");
        auto fresh = std::make_shared<spdlog::logger>("tickrelay", spdlog::sinks_init_list{std::move(sink), ring_sink()});
        fresh->set_level(spdlog::level::info);
        fresh->flush_on(spdlog::level::debug);
        return fresh;
    }();
    return *made;
}

std::string rfc3339(std::int64_t time_ms) {
    const std::time_t seconds = time_ms / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, time_ms % 1000);
}

// Of a character in UTF-8 that a terminal obeys instead of showing (C0, DEL, C1): its number, else 0x100.
unsigned control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1 && (first < 0x20 || first == 0x7f)) return first;
    const auto second = static_cast<unsigned char>(character.back());
    return character.size() == 2 && first == 0xc2 && second < 0xa0 ? second : 0x100;
}

// A JSON string whatever the bytes are: what is no UTF-8 becomes U+FFFD.
void put_quoted(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t bytes = utf8_bytes(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
        text.remove_prefix(character.size());
        if (bytes == 0) {
            out += "\\ufffd";
        } else if (const unsigned code = control(character); code < 0x100) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            if (character == "\"" || character == "\\") out += '\\';
            out += character;
        }
    }
    out += '"';
}

bool empty(const Field& field) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    return text != nullptr && text->empty();
}

bool plain(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
    }
    return true;
}

struct PutValue {
    std::string& out;
    Format format;

    void operator()(bool flag) const { out += flag ? "true" : "false"; }
    void operator()(std::int64_t number) const { out += std::to_string(number); }
    void operator()(std::uint64_t number) const { out += std::to_string(number); }
    void operator()(double number) const { out += std::isfinite(number) ? fmt::format("{}", number) : "null"; }
    void operator()(std::string_view text) const {
        if (format == Format::text && plain(text)) {
            out += text;
        } else {
            put_quoted(out, text);
        }
    }
};

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Level>(i);
    }
    return std::nullopt;
}

std::string_view name_of(Level level) { return names[static_cast<std::size_t>(level)]; }

void start(Format format, Level level, std::string node) {
    chosen_format = format;
    chosen_node = std::move(node);
    set_level(level);
}

void set_level(Level level) { logger().set_level(levels[static_cast<std::size_t>(level)]); }

bool enabled(Level level) { return logger().should_log(levels[static_cast<std::size_t>(level)]); }

void write(Level level, std::string_view message, Fields fields) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    write_at(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), level, message, fields);
}

void write_at(std::int64_t time_ms, Level level, std::string_view message, Fields fields) {
    if (level == Level::off || !enabled(level)) return;
    const std::string line = render(chosen_format, level, time_ms, message, fields, chosen_node);
    logger().log(levels[static_cast<std::size_t>(level)], spdlog::string_view_t(line.data(), line.size()));
}

std::vector<Line> last_lines(std::size_t count) {
    std::vector<Line> lines;
    for (const auto& each : ring_sink()->last_raw(count)) {
        const auto since_1970 = std::chrono::duration_cast<std::chrono::milliseconds>(each.time.time_since_epoch());
        const auto level = std::find(levels.begin(), levels.end(), each.level) - levels.begin();
        lines.push_back({.time_ms = since_1970.count(), .level = static_cast<Level>(level), .text = {each.payload.data(), each.payload.size()}});
    }
    return lines;
}

std::string render(Format format, Level level, std::int64_t time_ms, std::string_view message, Fields fields, std::string_view node) {
    std::string out;
    const auto severity = severities[static_cast<std::size_t>(level)];
    if (format == Format::text) {
        out = fmt::format("{} {:<7} ", rfc3339(time_ms), severity);
        for (const char c : message) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        for (const auto& field : fields) {
            if (empty(field)) continue;
            out.append(" ").append(field.key).append("=");
            std::visit(PutValue{out, format}, field.value);
        }
        return out;
    }
    out = "{\"time\":\"" + rfc3339(time_ms) + "\",\"severity\":\"" + std::string(severity) + "\",\"message\":";
    put_quoted(out, message);
    if (!node.empty()) {
        out += ",\"node\":";
        put_quoted(out, node);
    }
    for (const auto& field : fields) {
        if (empty(field)) continue;
        out += ',';
        put_quoted(out, field.key);
        out += ':';
        std::visit(PutValue{out, format}, field.value);
    }
    return out + "}";
}

}  // namespace tickrelay::log
