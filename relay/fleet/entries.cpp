#include "relay/fleet/entries.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace tickrelay {

using nlohmann::json;

namespace {

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::optional<json> parse_object(std::string_view text) {
    json value = json::parse(text, nullptr, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

// Absent: it stays as it is.
template <typename Value>
bool read(const json& from, const char* key, Value& into) {
    const auto found = from.find(key);
    if (found == from.end()) return true;
    if constexpr (std::is_same_v<Value, std::string>) {
        if (!found->is_string()) return false;
    } else if constexpr (std::is_same_v<Value, bool>) {
        if (!found->is_boolean()) return false;
    } else if constexpr (std::is_floating_point_v<Value>) {
        if (!found->is_number()) return false;
    } else if constexpr (std::is_unsigned_v<Value>) {
        if (!found->is_number_unsigned() || found->template get<std::uint64_t>() > std::numeric_limits<Value>::max()) return false;
    } else {
        if (!found->is_number_integer()) return false;
    }
    into = found->template get<Value>();
    return true;
}

bool plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

}  // namespace

std::string to_text(const NodeEntry& entry) {
    return dump({{"incarnation", entry.incarnation},
                 {"url", entry.url},
                 {"address", entry.address},
                 {"headroom", entry.headroom},
                 {"rooms", entry.rooms},
                 {"draining", entry.draining},
                 {"over", entry.over},
                 {"beat", entry.beat},
                 {"time_ms", entry.time_ms},
                 {"kept_ms", entry.kept_ms}});
}

std::string to_text(const RoomClaim& entry) {
    return dump({{"node", entry.node},
                 {"incarnation", entry.incarnation},
                 {"term", entry.term},
                 {"kept_term", entry.kept_term},
                 {"owners", entry.owners},
                 {"lost_ms", entry.lost_ms}});
}

std::optional<NodeEntry> parse_node(std::string_view text) {
    const auto from = parse_object(text);
    NodeEntry entry;
    const bool good = from && read(*from, "incarnation", entry.incarnation) && read(*from, "url", entry.url) && read(*from, "address", entry.address) &&
                      read(*from, "headroom", entry.headroom) && read(*from, "rooms", entry.rooms) && read(*from, "draining", entry.draining) &&
                      read(*from, "over", entry.over) && read(*from, "beat", entry.beat) && read(*from, "time_ms", entry.time_ms) &&
                      read(*from, "kept_ms", entry.kept_ms);
    if (!good || entry.incarnation.empty()) return std::nullopt;
    return entry;
}

std::optional<RoomClaim> parse_room(std::string_view text) {
    const auto from = parse_object(text);
    RoomClaim entry;
    const bool good = from && read(*from, "node", entry.node) && read(*from, "incarnation", entry.incarnation) && read(*from, "term", entry.term) &&
                      read(*from, "kept_term", entry.kept_term) && read(*from, "owners", entry.owners) && read(*from, "lost_ms", entry.lost_ms);
    if (!good || entry.node.empty() || entry.incarnation.empty()) return std::nullopt;
    return entry;
}

std::string key_of(std::string_view name) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string key;
    for (const char c : name) {
        if (plain(c)) {
            key += c;
            continue;
        }
        key += '=';
        key += digits[static_cast<unsigned char>(c) >> 4];
        key += digits[static_cast<unsigned char>(c) & 15];
    }
    return key;
}

std::optional<std::string> name_of_key(std::string_view key) {
    std::string name;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (plain(key[i])) {
            name += key[i];
            continue;
        }
        unsigned code = 0;
        if (key[i] != '=' || key.size() - i < 3) return std::nullopt;
        const char* const end = key.data() + i + 3;
        if (std::from_chars(key.data() + i + 1, end, code, 16).ptr != end) return std::nullopt;
        name += static_cast<char>(code);
        i += 2;
    }
    return name;
}

}  // namespace tickrelay
