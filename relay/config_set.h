// How a configuration's values are checked, set and printed: one function a shape or key. For config_keys.cpp alone.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "relay/address.h"
#include "relay/config_keys.h"
#include "relay/door/origin.h"
#include "relay/secrets.h"

namespace tickrelay::config_set {

// Without the key's name; nothing: it is set.
using Error = std::optional<std::string>;

inline std::string toml(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}
inline std::string toml(const Address& address) { return toml(address.host.empty() ? "" : to_string(address)); }
inline std::string toml(std::same_as<bool> auto flag) { return flag ? "true" : "false"; }  // and no pointer
inline std::string toml(std::uint32_t number) { return std::to_string(number); }
inline std::string toml(double number) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
}
inline std::string toml(const std::vector<std::string>& list) {
    std::string out;
    for (const auto& text : list) out += (out.empty() ? "" : ", ") + toml(text);
    return "[" + out + "]";
}
inline std::string toml(log::Format format) { return toml(format == log::Format::json ? "json" : "text"); }
inline std::string toml(log::Level level) { return toml(log::name_of(level)); }
inline std::string toml(WatchdogAction action) { return toml(action == WatchdogAction::exit ? "exit" : "report"); }
inline std::string toml(OpsActions actions) {
    return toml(actions == OpsActions::always ? "always" : actions == OpsActions::never ? "never" : "loopback");
}
inline std::string toml(TlsVersion version) { return toml(version == TlsVersion::tls_1_3 ? "1.3" : "1.2"); }
inline std::string toml(Auth auth) { return auth == Auth::unset ? "" : toml(auth == Auth::none ? "none" : "tickets"); }

inline std::string range(std::int64_t low, std::int64_t high) {
    return "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

template <auto member>
Error set_text(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be text";
    options.*member = *text;
    return std::nullopt;
}

template <auto member>
Error set_address(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && parse_address(*text, options.*member)) return std::nullopt;
    return "must be HOST:PORT, as 0.0.0.0:8350 or [::]:8350, with a port from 0 to 65535";
}

template <auto member>
Error set_address_or_none(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || !text->empty()) return set_address<member>(options, value);
    options.*member = {};
    return std::nullopt;
}

template <auto member>
Error set_flag(Options& options, const ConfigValue& value) {
    const auto* flag = std::get_if<bool>(&value);
    if (flag == nullptr) return "must be true or false";
    options.*member = *flag;
    return std::nullopt;
}

template <auto member, std::int64_t low, std::int64_t high>
Error set_whole(Options& options, const ConfigValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < low || *number > high) return range(low, high);
    options.*member = static_cast<std::uint32_t>(*number);
    return std::nullopt;
}

template <auto member, std::int64_t high_s>
Error set_seconds(Options& options, const ConfigValue& value) {
    double seconds = -1;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) seconds = static_cast<double>(*whole);
    if (const auto* number = std::get_if<double>(&value)) seconds = *number;
    if (!(seconds >= 0 && seconds <= high_s)) return "must be a number of seconds from 0 to " + std::to_string(high_s);
    options.*member = seconds;
    return std::nullopt;
}

// From at least low_s, which is no whole number.
template <auto member, std::int64_t low_ms, std::int64_t high_s>
Error set_seconds_from(Options& options, const ConfigValue& value) {
    Options tried = options;
    if (const Error wrong = set_seconds<member, high_s>(tried, value)) return wrong;
    constexpr double low_s = static_cast<double>(low_ms) / 1000;
    if (tried.*member < low_s) return "must be at least " + toml(low_s) + " s";
    options.*member = tried.*member;
    return std::nullopt;
}

// Part of subjects and buckets.
inline Error set_fleet_name(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    if (text == nullptr || text->empty() || text->size() > 32 || !std::ranges::all_of(*text, good)) return "must be 1 to 32 letters, digits, - and _";
    options.fleet_name = *text;
    return std::nullopt;
}

template <auto member>
Error set_list(Options& options, const ConfigValue& value) {
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of texts";
    options.*member = *list;
    return std::nullopt;
}

template <auto member, typename Choice, std::size_t count>
Error set_choice(Options& options, const ConfigValue& value,
                 const std::array<std::pair<std::string_view, Choice>, count>& choices) {
    const auto* text = std::get_if<std::string>(&value);
    std::string known;
    for (const auto& [name, choice] : choices) {
        if (text != nullptr && *text == name) {
            options.*member = choice;
            return std::nullopt;
        }
        known += (known.empty() ? "" : ", ") + toml(name);
    }
    return "must be one of " + known;
}

inline Error set_log_format(Options& options, const ConfigValue& value) {
    return set_choice<&Options::log_format, log::Format, 2>(
        options, value, {{{"text", log::Format::text}, {"json", log::Format::json}}});
}

inline Error set_log_level(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    const auto level = text == nullptr ? std::nullopt : log::parse_level(*text);
    if (!level) return R"(must be one of "debug", "info", "warn", "error", "off")";
    options.log_level = *level;
    return std::nullopt;
}

inline Error set_auth(Options& options, const ConfigValue& value) {
    return set_choice<&Options::auth, Auth, 2>(options, value, {{{"tickets", Auth::tickets}, {"none", Auth::none}}});
}

inline Error set_watchdog_action(Options& options, const ConfigValue& value) {
    return set_choice<&Options::watchdog_action, WatchdogAction, 2>(
        options, value, {{{"report", WatchdogAction::report}, {"exit", WatchdogAction::exit}}});
}

inline Error set_ops_actions(Options& options, const ConfigValue& value) {
    return set_choice<&Options::ops_actions, OpsActions, 3>(
        options, value, {{{"loopback", OpsActions::loopback}, {"always", OpsActions::always}, {"never", OpsActions::never}}});
}

inline Error set_tls_min_version(Options& options, const ConfigValue& value) {
    return set_choice<&Options::tls_min_version, TlsVersion, 2>(options, value, {{{"1.2", TlsVersion::tls_1_2}, {"1.3", TlsVersion::tls_1_3}}});
}

inline Error set_origins(Options& options, const ConfigValue& value) {
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr || !std::ranges::all_of(*list, is_origin_pattern))
        return R"(must be a list such as ["https://game.example", "https://*.game.example", "localhost:5173"]: scheme, host and port, no path)";
    options.allowed_origins = *list;
    return std::nullopt;
}

inline Error set_proxies(Options& options, const ConfigValue& value) {
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr || !std::ranges::all_of(*list, [](const std::string& text) { return parse_cidr(text).has_value(); }))
        return R"(must be a list of addresses and ranges such as ["10.0.0.0/8", "2001:db8::7"])";
    options.trusted_proxies = *list;
    return std::nullopt;
}

// Keys are read here, to say where the name of a bad one stands, and again when they are used.
template <auto member, auto load>
Error set_key(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be file:PATH or env:NAME";
    const auto loaded = text->empty() ? std::variant<SigningKey, std::string>(SigningKey::random()) : load(*text);
    if (const auto* why = std::get_if<std::string>(&loaded)) return *why;
    options.*member = *text;
    return std::nullopt;
}

inline Error set_ticket_keys(Options& options, const ConfigValue& value) {
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of file:PATH or env:NAME, with NAME= before it";
    const auto loaded = load_ticket_keys(*list);
    if (const auto* why = std::get_if<std::string>(&loaded)) return *why;
    options.ticket_keys = *list;
    return std::nullopt;
}

// A whole message must fit what two seconds allow.
inline Error set_bytes_per_s(Options& options, const ConfigValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0 || *number > 1'000'000'000 || (*number > 0 && *number < 16'384))
        return "must be 0 or a whole number from 16384 to 1000000000";
    options.quota_bytes_per_s = static_cast<std::uint32_t>(*number);
    return std::nullopt;
}

inline Error set_first_message(Options& options, const ConfigValue& value) {
    Options read;
    const auto error = set_seconds<&Options::quota_first_message_timeout_s, 60>(read, value);
    if (error || read.quota_first_message_timeout_s < 0.1) return "must be a number of seconds from 0.1 to 60";
    options.quota_first_message_timeout_s = read.quota_first_message_timeout_s;
    return std::nullopt;
}

}  // namespace tickrelay::config_set
