#include "relay/door/fleet_wide.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "relay/door/json.h"
#include "relay/door/rooms.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr std::string_view bans[] = {"player.ban", "address.ban", "ban.remove"};

json result_of(const NodeAnswer& other) {
    const json answer = other.line ? parse_json(*other.line) : json();
    return answer.is_object() && answer.contains("result") ? answer["result"] : json();
}

std::string missing_text(std::span<const NodeAnswer> others) {
    std::string names;
    for (const NodeAnswer& other : others)
        if (!other.line) names += (names.empty() ? "" : ", ") + other.node;
    return names;
}

// Each node's rooms come in order, at most a page of them after the same cursor: so do all of them.
json one_page(const json& params, json own, const std::string& node, std::span<const NodeAnswer> others) {
    std::vector<json> rooms;
    bool more = false;
    json missing = json::array();
    const auto take = [&](json page, const std::string& of) {
        more |= page.contains("cursor");
        for (json& room : page["rooms"]) {
            room["node"] = of;
            rooms.push_back(std::move(room));
        }
    };
    take(std::move(own), node);
    for (const NodeAnswer& other : others) {
        json page = result_of(other);
        if (page.is_object()) take(std::move(page), other.node);
        else missing.push_back(other.node);
    }
    const auto id = [](const json& room) -> const std::string& { return room["room_id"].get_ref<const std::string&>(); };
    std::ranges::stable_sort(rooms, [&](const json& a, const json& b) { return id(a) < id(b); });
    const auto twice = std::unique(rooms.begin(), rooms.end(), [&](const json& a, const json& b) { return id(a) == id(b); });  // one that moves just now
    rooms.erase(twice, rooms.end());
    const auto given = params.find("limit");  // null is as good as none
    const std::size_t limit = given != params.end() && given->is_number_unsigned() ? given->get<std::size_t>() : page_rooms_default;
    more |= rooms.size() > limit;
    rooms.resize(std::min(rooms.size(), limit));
    json page{{"rooms", std::move(rooms)}};
    if (more && !page["rooms"].empty()) page["cursor"] = cursor_after(id(page["rooms"].back()));
    if (!missing.empty()) page["missing"] = std::move(missing);
    return page;
}

}  // namespace

std::string_view fleet_wide(std::string_view method, const json& params) {
    if (method == "room.list" || std::ranges::find(bans, method) != std::end(bans)) return method;
    const auto ban_s = params.find("ban_s");
    return method == "player.kick" && ban_s != params.end() && ban_s->is_number() && *ban_s >= 1 ? "player.ban" : "";
}

Outcome put_together(std::string_view method, const json& params, Outcome own, const std::string& node, std::span<const NodeAnswer> others) {
    if (method == "ban.remove") {
        for (const NodeAnswer& other : others)
            if (result_of(other).is_object()) own = json::object();  // it held somewhere
    }
    auto* result = std::get_if<json>(&own);
    if (result == nullptr) return own;
    if (method == "room.list") return one_page(params, std::move(*result), node, others);
    if (const std::string missing = missing_text(others); !missing.empty())
        return Refused{std::string(reason_timeout), "done, but not on " + missing + ", which did not answer in time: ask again"};
    if (result->contains("kicked"))
        for (const NodeAnswer& other : others)
            if (const json theirs = result_of(other); theirs.is_object() && theirs.contains("kicked") && theirs["kicked"].is_number_unsigned())
                (*result)["kicked"] = (*result)["kicked"].get<std::uint64_t>() + theirs["kicked"].get<std::uint64_t>();
    return own;
}

}  // namespace tickrelay
