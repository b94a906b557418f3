#include "relay/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

namespace tickrelay::log {

namespace {

constexpr std::array<std::string_view, 5> names = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 5> severities = {"DEBUG", "INFO", "WARNING", "ERROR", "OFF"};
constexpr std::array levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                               spdlog::level::off};

Format chosen_format = Format::text;  // written by start() alone, before the threads

spdlog::logger& logger() {
    static const auto made = [] {
        auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        sink->set_pattern("%v");
        auto fresh = std::make_shared<spdlog::logger>("tickrelay", std::move(sink));
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

// Quotes, backslashes and control characters escaped; other bytes as they are.
void put_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
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
        if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
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

void start(Format format, Level level) {
    chosen_format = format;
    set_level(level);
}

void set_level(Level level) { logger().set_level(levels[static_cast<std::size_t>(level)]); }

bool enabled(Level level) { return logger().should_log(levels[static_cast<std::size_t>(level)]); }

void write(Level level, std::string_view message, Fields fields) {
    if (level == Level::off || !enabled(level)) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const std::string line = render(chosen_format, level, time_ms, message, fields);
    logger().log(levels[static_cast<std::size_t>(level)], spdlog::string_view_t(line.data(), line.size()));
}

std::string render(Format format, Level level, std::int64_t time_ms, std::string_view message, Fields fields) {
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
