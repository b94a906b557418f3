#include "relay/door/bans.h"

#include <algorithm>

namespace tickrelay {

namespace {

constexpr std::uint8_t one_address = 128;

template <typename Table>
void make_room(Table& table, std::size_t count_max) {
    if (table.size() < count_max) return;
    table.erase(std::ranges::min_element(table, {}, [](const auto& each) { return each.second.ns; }));
}

}  // namespace

void Bans::add(Ban ban) {
    const std::scoped_lock lock(mutex_);
    Until until{ban.until_ns, std::move(ban.reason)};
    if (!ban.player_id.empty()) {
        Player player{std::move(ban.player_id), std::move(ban.room_id)};
        if (!players_.contains(player)) make_room(players_, players_max);
        players_[std::move(player)] = std::move(until);
    } else if (ban.address.bits == one_address) {
        if (!addresses_.contains(ban.address.base)) make_room(addresses_, addresses_max);
        addresses_[ban.address.base] = std::move(until);
    } else {
        std::erase_if(ranges_, [&](const auto& each) { return each.first == ban.address; });
        make_room(ranges_, ranges_max);
        ranges_.emplace_back(ban.address, std::move(until));
    }
}

bool Bans::remove(const Ban& ban, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    bool held = false;
    if (!ban.player_id.empty()) {
        const auto it = players_.find(Player(ban.player_id, ban.room_id));
        if (it == players_.end()) return false;
        held = it->second.ns > now_ns;
        players_.erase(it);
    } else if (ban.address.bits == one_address) {
        const auto it = addresses_.find(ban.address.base);
        if (it == addresses_.end()) return false;
        held = it->second.ns > now_ns;
        addresses_.erase(it);
    } else {
        const auto it = std::ranges::find(ranges_, ban.address, [](const auto& each) { return each.first; });
        if (it == ranges_.end()) return false;
        held = it->second.ns > now_ns;
        ranges_.erase(it);
    }
    return held;
}

bool Bans::holds(std::string_view player_id, std::string_view room_id, std::int64_t now_ns) const {
    if (player_id.empty()) return false;
    const std::scoped_lock lock(mutex_);
    if (players_.empty()) return false;
    for (const std::string_view room : {std::string_view{}, room_id}) {
        const auto it = players_.find(Player(player_id, room));
        if (it != players_.end() && it->second.ns > now_ns) return true;
    }
    return false;
}

bool Bans::holds(const PeerAddress& address, std::int64_t now_ns) const {
    const std::scoped_lock lock(mutex_);
    const auto it = addresses_.find(address);
    if (it != addresses_.end() && it->second.ns > now_ns) return true;
    return std::ranges::any_of(ranges_, [&](const auto& each) { return each.second.ns > now_ns && each.first.holds(address); });
}

std::vector<Bans::Ban> Bans::list(std::size_t count, std::int64_t now_ns) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Ban> bans;
    const auto add = [&](Ban ban) {
        if (ban.until_ns > now_ns && bans.size() < count) bans.push_back(std::move(ban));
    };
    for (const auto& [player, until] : players_)
        add({.player_id = player.first, .room_id = player.second, .address = {}, .until_ns = until.ns, .reason = until.reason});
    for (const auto& [address, until] : addresses_)
        add({.player_id = {}, .room_id = {}, .address = {address, one_address}, .until_ns = until.ns, .reason = until.reason});
    for (const auto& [range, until] : ranges_)
        add({.player_id = {}, .room_id = {}, .address = range, .until_ns = until.ns, .reason = until.reason});
    return bans;
}

}  // namespace tickrelay
