#include "relay/config_keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace tickrelay {

namespace {

using Error = std::optional<std::string>;

std::string toml(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}
std::string toml(const Address& address) { return toml(to_string(address)); }
std::string toml(std::uint32_t number) { return std::to_string(number); }
std::string toml(double number) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
}
std::string toml(const std::vector<std::string>& list) {
    std::string out;
    for (const auto& text : list) out += (out.empty() ? "" : ", ") + toml(text);
    return "[" + out + "]";
}
std::string toml(log::Format format) { return toml(format == log::Format::json ? "json" : "text"); }
std::string toml(log::Level level) { return toml(log::name_of(level)); }
std::string toml(WatchdogAction action) { return toml(action == WatchdogAction::exit ? "exit" : "report"); }
std::string toml(Auth auth) { return auth == Auth::unset ? "" : toml(auth == Auth::none ? "none" : "tickets"); }

std::string range(std::int64_t low, std::int64_t high) {
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

Error set_log_format(Options& options, const ConfigValue& value) {
    return set_choice<&Options::log_format, log::Format, 2>(
        options, value, {{{"text", log::Format::text}, {"json", log::Format::json}}});
}

Error set_log_level(Options& options, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    const auto level = text == nullptr ? std::nullopt : log::parse_level(*text);
    if (!level) return R"(must be one of "debug", "info", "warn", "error", "off")";
    options.log_level = *level;
    return std::nullopt;
}

Error set_auth(Options& options, const ConfigValue& value) {
    return set_choice<&Options::auth, Auth, 2>(options, value, {{{"tickets", Auth::tickets}, {"none", Auth::none}}});
}

Error set_watchdog_action(Options& options, const ConfigValue& value) {
    return set_choice<&Options::watchdog_action, WatchdogAction, 2>(
        options, value, {{{"report", WatchdogAction::report}, {"exit", WatchdogAction::exit}}});
}

Error set_ticket_key(Options&, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->empty()) return std::nullopt;
    return R"(: this version does not read signed tickets yet. Leave it out and write auth = "tickets": )"
           "this relay's ticket.issue (tickrelayctl ticket ROOM PLAYER) then makes the tickets";
}

template <auto member>
std::string get(const Options& options) {
    return toml(options.*member);
}
template <auto member>
void copy(Options& to, const Options& from) {
    to.*member = from.*member;
}

template <auto member>
constexpr ConfigKey row(std::string_view section, std::string_view name, Shape shape, std::string_view unit,
                        std::string_view values, std::string_view doc, bool flag, bool reload,
                        Error (*set)(Options&, const ConfigValue&)) {
    return {section, name, shape, unit, values, doc, flag, reload, set, get<member>, copy<member>};
}

constexpr auto text = Shape::text;
constexpr auto whole = Shape::whole;

// Above all sections first, then section by section: a TOML file is printed in this order.
constexpr std::array table = {
    row<&Options::listen>("", "listen", text, "", "HOST:PORT", "Where players connect; port 0 picks a free one.", true,
                          false, set_address<&Options::listen>),
    row<&Options::ops_listen>("", "ops_listen", text, "", "HOST:PORT", "Operations port: metrics, health, dashboard.",
                              true, false, set_address<&Options::ops_listen>),
    row<&Options::admin>("", "admin", text, "", "a path of up to 107 bytes",
                         "Admin socket; empty: in $XDG_RUNTIME_DIR, as root in /run, else in the temporary directory.",
                         true, false, set_text<&Options::admin>),
    row<&Options::loops>("", "loops", whole, "", "0 to 64", "Socket threads; 0: as many as fit the machine.", true,
                         false, set_whole<&Options::loops, 0, 64>),
    row<&Options::workers>("", "workers", whole, "", "0 to 64", "Tick threads; 0: as many as fit the machine.", true,
                           false, set_whole<&Options::workers, 0, 64>),
    row<&Options::data_dir>("", "data_dir", text, "", "a folder",
                            "Where checkpoints and the journal are kept; empty: nothing outlives the process.", true,
                            false, set_text<&Options::data_dir>),
    row<&Options::nats>("", "nats", Shape::list, "", "URLs", "NATS servers that nodes share; empty: one relay alone.",
                        true, false, set_list<&Options::nats>),
    row<&Options::node_name>("", "node_name", text, "", "a name", "This relay's name; empty: the host's.", true, false,
                             set_text<&Options::node_name>),
    row<&Options::public_url>("", "public_url", text, "", "ws:// or wss:// URL",
                              "What players are told to connect to; empty: made of listen.", true, false,
                              set_text<&Options::public_url>),
    row<&Options::logic>("", "logic", Shape::list, "", "paths", "Room-logic plugins (.so) to load at start.", true,
                         false, set_list<&Options::logic>),
    row<&Options::log_format>("", "log_format", text, "", "text, json", "How log lines look.", true, false,
                              set_log_format),
    row<&Options::log_level>("", "log_level", text, "", "debug, info, warn, error, off", "What is logged.", true, true,
                             set_log_level),
    row<&Options::auth>("", "auth", text, "", "tickets, none",
                        "Who may join: holders of a ticket of ticket.issue, or anyone. Must be written out.", false,
                        true, set_auth),
    row<&Options::ticket_key>("", "ticket_key", text, "", "nothing yet",
                              "Key of signed tickets, which this version does not read yet.", false, true,
                              set_ticket_key),
    row<&Options::drain_deadline_s>("", "drain_deadline", Shape::number, "s", "0 to 86400",
                                    "After SIGTERM, rooms have this long to end.", false, true,
                                    set_seconds<&Options::drain_deadline_s, 86'400>),
    row<&Options::watchdog_s>("", "watchdog", Shape::number, "s", "0 to 3600",
                              "A worker that is in one step for so long, by a room's logic that does not return, is reported; 0: never.",
                              false, false, set_seconds<&Options::watchdog_s, 3'600>),
    row<&Options::watchdog_action>("", "watchdog_action", text, "", "report, exit",
                                 "exit: then the process ends at once with code 3, so that a supervisor starts it again.", false,
                                 false, set_watchdog_action),
    row<&Options::quota_rooms>("quota", "rooms", whole, "", "1 to 65536", "Rooms on this relay.", false, true,
                               set_whole<&Options::quota_rooms, 1, 65'536>),
    row<&Options::quota_connections>("quota", "connections", whole, "", "1 to 1000000", "Open connections of players.",
                                     false, true, set_whole<&Options::quota_connections, 1, 1'000'000>),
    row<&Options::quota_connections_per_address>("quota", "connections_per_address", whole, "", "1 to 1000000",
                                                 "Open connections from one address.", false, true,
                                                 set_whole<&Options::quota_connections_per_address, 1, 1'000'000>),
};

}  // namespace

std::string ConfigKey::path() const {
    return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

std::string ConfigKey::environment() const {
    std::string out = "TICKRELAY_" + path();
    for (char& c : out) c = c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

std::string ConfigKey::flag_name() const {
    std::string out = "--" + std::string(name);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::span<const ConfigKey> config_keys() { return table; }

const ConfigKey* find_config_key(std::string_view section, std::string_view name) {
    for (const auto& key : table) {
        if (key.section == section && key.name == name) return &key;
    }
    return nullptr;
}

ConfigValue value_of_text(const ConfigKey& key, std::string_view text) {
    const auto parsed = [&]<typename Number>(Number number) -> ConfigValue {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size()) return std::string(text);
        return number;
    };
    if (key.shape == Shape::whole) return parsed(std::int64_t{});
    if (key.shape == Shape::number) return parsed(double{});
    if (key.shape == Shape::text) return std::string(text);
    std::vector<std::string> list;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        if (end > 0) list.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

}  // namespace tickrelay
