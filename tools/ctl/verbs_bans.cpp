#include <cstdio>
#include <nlohmann/json.hpp>

#include "relay/address.h"
#include "relay/door/json.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

void say(const Common& common, const json& result, const std::string& text) {
    std::puts(common.json ? dump_line(result).c_str() : printable(text).c_str());
}

std::string note(const json& result) { return result.contains("note") ? "; " + cell(result, "note") : std::string(); }

// A player, unless it reads as an address or a range; a room says that it is a player.
bool is_address(const BanWish& wish) { return wish.room_id.empty() && parse_cidr(wish.who).has_value(); }

json whom(const BanWish& wish) {
    if (is_address(wish)) return {{"address", wish.who}};
    json params = {{"player_id", wish.who}};
    if (!wish.room_id.empty()) params["room_id"] = wish.room_id;
    return params;
}

}  // namespace

int ban(const Common& common, const BanWish& wish) {
    json params = whom(wish);
    params["minutes"] = wish.minutes;
    if (!wish.reason.empty()) params["reason"] = wish.reason;
    const json result = Connection(common.admin, common.proof).call(is_address(wish) ? "address.ban" : "player.ban", params);
    say(common, result, wish.who + " is banned; players sent away: " + cell(result, "kicked") + note(result));
    return exit_clean;
}

int unban(const Common& common, const BanWish& wish) {
    const json result = Connection(common.admin, common.proof).call("ban.remove", whom(wish));
    say(common, result, wish.who + " may come again" + note(result));
    return exit_clean;
}

int bans(const Common& common) {
    const json result = Connection(common.admin, common.proof).call("ban.list", json::object());
    const json all = result.value("bans", json::array());
    if (common.json || all.empty()) {
        say(common, result, "nobody is banned");
        return exit_clean;
    }
    Table table({"WHO", "ROOM", ">ENDS IN", "REASON"});
    for (const auto& each : all)
        table.add({cell(each, each.contains("address") ? "address" : "player_id"), cell(each, "room_id"),
                   duration_text(each.value("ends_in_s", 0.0)), cell(each, "reason")});
    std::fputs(table.text().c_str(), stdout);
    return exit_clean;
}

}  // namespace tickrelay::ctl
