#include <array>
#include <nlohmann/json.hpp>

#include "relay/door/json.h"
#include "relay/door/methods.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr double longest_ban_s = 366 * 86'400;
constexpr std::size_t bans_shown_max = 1'000;

// How long: minutes or ban_s, one of them.
std::int64_t read_time(Call& call) {
    const auto minutes = call.params.number("minutes", 0.01, longest_ban_s / 60);
    const auto seconds = call.params.number("ban_s", 1, longest_ban_s);
    if (minutes.has_value() == seconds.has_value() && !call.params.failed())
        call.params.fail("minutes", "or ban_s is required, one of them", "minutes from 0.01 to 527040");
    return static_cast<std::int64_t>((minutes ? *minutes * 60 : seconds.value_or(0)) * 1e9);
}

Cidr read_address(Call& call, bool required) {
    const auto text = call.params.text("address", 64);
    const auto address = text ? parse_cidr(*text) : std::nullopt;
    if (!address && (text || required) && !call.params.failed())
        call.params.fail("address", text ? "is neither an address nor a range" : "is required", "192.0.2.7, 192.0.2.0/24, 2001:db8::/64");
    return address.value_or(Cidr{});
}

json with_kept(json result, std::optional<bool> kept) {
    if (kept) result["kept"] = *kept;
    if (kept == false) result["note"] = "not on the disk yet, so a restart now would forget it; it is tried again, and the log says why";
    return result;
}

Outcome show(const Answer<Banned>& answer) {
    return reply(answer, [](const Banned& banned) { return with_kept({{"kicked", banned.kicked}}, banned.kept); });
}

Outcome player_ban(Call& call) {
    BanRequest request;
    request.player_id = call.params.required_name("player_id");
    request.room_id = call.params.name("room_id").value_or("");
    request.for_ns = read_time(call);
    request.reason = read_reason(call);
    FINISH(call);
    return show(call.controls.ban(std::move(request), call.deadline));
}

Outcome address_ban(Call& call) {
    BanRequest request;
    request.address = read_address(call, true);
    request.for_ns = read_time(call);
    request.reason = read_reason(call);
    FINISH(call);
    return show(call.controls.ban(std::move(request), call.deadline));
}

Outcome ban_list(Call& call) {
    const auto limit = call.params.whole("limit", 1, static_cast<std::int64_t>(bans_shown_max));
    const auto skip = call.params.whole("skip", 0, 1'000'000);
    FINISH(call);
    json bans = json::array();
    for (const BanEntry& ban : call.controls.bans(static_cast<std::size_t>(skip.value_or(0)), limit ? static_cast<std::size_t>(*limit) : bans_shown_max)) {
        json entry = {{"ends_in_s", ban.ends_in_s}};
        if (ban.player_id.empty()) entry["address"] = to_string(ban.address);
        else entry["player_id"] = ban.player_id;
        if (!ban.room_id.empty()) entry["room_id"] = ban.room_id;
        if (!ban.reason.empty()) entry["reason"] = ban.reason;
        bans.push_back(std::move(entry));
    }
    return json{{"bans", std::move(bans)}};
}

Outcome ban_remove(Call& call) {
    BanRequest request;
    request.player_id = call.params.name("player_id").value_or("");
    request.room_id = call.params.name("room_id").value_or("");
    const bool of_address = call.params.any("address") != nullptr;
    request.address = read_address(call, false);
    if (of_address != request.player_id.empty() && !call.params.failed())
        call.params.fail("player_id", "or address is required, one of them", "1 to 64 bytes");
    FINISH(call);
    return reply(call.controls.unban(std::move(request), call.deadline), [](const Unbanned& ended) { return with_kept(json::object(), ended.kept); });
}

constexpr std::array ban_method_table = {
    Method{"player.ban", true, player_ban, "player_id, room_id?, minutes?, ban_s?, reason?",
           "Ends a player's seats with `banned` and keeps it out, of one room or of all, for `minutes` or `ban_s`. Over restarts, too, where there is a `data_dir`: "
           "`kept` false says that the disk did not take it yet. In a fleet bans are of all nodes, and who starts later learns them from the others."},
    Method{"address.ban", true, address_ban, "address, minutes?, ban_s?, reason?",
           "The same for an address or a range as `192.0.2.0/24`: its connections are refused when they come."},
    Method{"ban.list", false, ban_list, "limit?, skip?", "Who is banned now, players first, at most 1000, after `skip` others."},
    Method{"ban.remove", true, ban_remove, "player_id?, room_id?, address?", "Ends a ban, named as it was made, or `no_such_ban`."},
};

}  // namespace

std::span<const Method> ban_methods() { return ban_method_table; }

}  // namespace tickrelay
