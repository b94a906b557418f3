#include "relay/run/lobby.h"

#include <algorithm>

#include "relay/core/check.h"
#include "relay/core/limits.h"

namespace tickrelay {

namespace {

std::string name_from(std::uint64_t random) {
    constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";  // none that are read as another
    std::string name;
    for (int i = 0; i < 10; ++i, random >>= 5) name += digits[random & 31];
    return name;
}

RoomListing listing_of(const RoomRecord& room) {
    return {room.id,         room.type,     room.seats_taken, room.max_players,        room.locked,
            room.is_private, room.metadata->text, room.settings.tick_rate, room.created_ns};
}

}  // namespace

RoomRecordPointer Lobby::create(RoomSettings settings, LogicFactory logic, std::int64_t now_ns, std::uint64_t random,
                                RoomRecordPointer* existing) {
    const std::scoped_lock lock(mutex_);
    if (settings.id.empty()) settings.id = name_from(random);
    if (const auto it = rooms_.find(settings.id); it != rooms_.end()) {
        if (existing != nullptr) *existing = it->second;
        return nullptr;
    }
    const std::uint32_t term = next_term_ ? next_term_(settings.id) : 0;  // first: it may throw
    const RoomRecordPointer room = add(std::move(settings), std::move(logic), now_ns);
    if (next_term_) room->term = term;
    return room;
}

RoomRecordPointer Lobby::restore(SavedRoomPointer state, const Restore& how, LogicFactory logic, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    if (rooms_.contains(state->settings.id)) return nullptr;
    const RoomRecordPointer room = add(state->settings, std::move(logic), now_ns);
    for (const auto& seat : state->seats) take(*room, seat->role == wire::Role::Player);
    room->term = how.term;
    room->how = how;
    room->state = std::move(state);
    return room;
}

RoomRecordPointer Lobby::mirror(SavedRoomPointer state, const Restore& how, LogicFactory logic, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    const RoomRecordPointer room = made(state->settings, std::move(logic), now_ns);
    room->term = how.term;
    room->how = how;
    room->state = std::move(state);
    room->failed = CloseCode::going_away;  // whoever comes when it has gone comes again, for another
    if (!mirrors_.emplace(room->id, room).second) return nullptr;
    ++rooms_on_worker_[room->worker];
    return room;
}

RoomRecordPointer Lobby::find_mirror(const std::string& id) const {
    const std::scoped_lock lock(mutex_);
    const auto it = mirrors_.find(id);
    return it == mirrors_.end() ? nullptr : it->second;
}

RoomRecordPointer Lobby::made(RoomSettings settings, LogicFactory logic, std::int64_t now_ns) const {
    auto room = std::make_shared<RoomRecord>();
    room->id = settings.id;
    room->type = settings.type;
    room->worker = static_cast<std::uint32_t>(std::ranges::min_element(rooms_on_worker_) - rooms_on_worker_.begin());
    room->created_ns = now_ns;
    room->max_players = settings.max_players;
    room->locked = settings.locked;
    room->is_private = settings.is_private;
    room->metadata = std::make_shared<const Metadata>(settings.metadata);
    room->logic = std::move(logic);
    room->settings = std::move(settings);
    return room;
}

RoomRecordPointer Lobby::add(RoomSettings settings, LogicFactory logic, std::int64_t now_ns) {
    const RoomRecordPointer room = made(std::move(settings), std::move(logic), now_ns);
    auto& same_type = by_type_[room->type];
    same_type.push_back(room);
    try {
        rooms_.emplace(room->id, room);
    } catch (...) {
        same_type.pop_back();
        throw;
    }
    ++rooms_on_worker_[room->worker];
    return room;
}

RoomRecordPointer Lobby::find(const std::string& id) const {
    const std::scoped_lock lock(mutex_);
    const auto it = rooms_.find(id);
    return it == rooms_.end() ? nullptr : it->second;
}

std::optional<CloseCode> Lobby::refusal(const RoomRecord& room, bool is_player, bool again) {
    if (room.gone) return CloseCode::room_closed;
    if (room.locked && is_player && !again) return CloseCode::room_locked;
    if (is_player && room.seats_taken >= room.max_players) return CloseCode::room_full;
    if (room.seats_taken + room.others_taken >= limits::players_max) return CloseCode::room_full;
    return std::nullopt;
}

void Lobby::take(RoomRecord& room, bool is_player) { ++(is_player ? room.seats_taken : room.others_taken); }

std::optional<CloseCode> Lobby::reserve(const RoomRecordPointer& room, bool is_player) {
    const std::scoped_lock lock(mutex_);
    if (const auto code = refusal(*room, is_player)) return code;
    take(*room, is_player);
    return std::nullopt;
}

std::optional<CloseCode> Lobby::reserve_again(const RoomRecordPointer& room, bool is_player) {
    const std::scoped_lock lock(mutex_);
    if (const auto code = refusal(*room, is_player, true)) return code;
    take(*room, is_player);
    return std::nullopt;
}

RoomRecordPointer Lobby::reserve_by_type(const std::string& type, bool is_player) {
    const std::scoped_lock lock(mutex_);
    const auto it = by_type_.find(type);
    if (it == by_type_.end()) return nullptr;
    const auto open = std::ranges::find_if(
        it->second, [&](const RoomRecordPointer& room) { return !room->is_private && !refusal(*room, is_player); });
    if (open == it->second.end()) return nullptr;
    take(**open, is_player);
    return *open;
}

void Lobby::release(const RoomRecordPointer& room, bool is_player) {
    const std::scoped_lock lock(mutex_);
    auto& taken = is_player ? room->seats_taken : room->others_taken;
    CHECK(taken > 0);
    --taken;
}

bool Lobby::remove(const RoomRecordPointer& room, bool only_if_empty) {
    const std::scoped_lock lock(mutex_);
    if (room->gone) return true;
    if (only_if_empty && room->seats_taken + room->others_taken > 0) return false;
    room->gone = true;
    if (room->settings.mirror) {
        mirrors_.erase(room->id);
        --rooms_on_worker_[room->worker];
        return true;
    }
    rooms_.erase(room->id);
    auto& same_type = by_type_[room->type];
    std::erase(same_type, room);
    if (same_type.empty()) by_type_.erase(room->type);
    --rooms_on_worker_[room->worker];
    return true;
}

void Lobby::update(const RoomRecordPointer& room, const std::string* metadata, const bool* is_private, const bool* locked,
                   const std::uint32_t* max_players) {
    MetadataPointer said = metadata == nullptr ? nullptr : std::make_shared<const Metadata>(*metadata);
    const std::scoped_lock lock(mutex_);
    if (said) room->metadata.swap(said);
    if (is_private != nullptr) room->is_private = *is_private;
    if (locked != nullptr) room->locked = *locked;
    if (max_players != nullptr) room->max_players = *max_players;
}

std::vector<RoomListing> Lobby::list() const {
    const std::scoped_lock lock(mutex_);
    std::vector<RoomListing> all;
    all.reserve(rooms_.size());
    for (const auto& [id, room] : rooms_) all.push_back(listing_of(*room));
    return all;
}

Lobby::Found Lobby::search(std::string_view type, const std::function<bool(const Metadata&)>& matches, std::size_t count_max) const {
    std::vector<std::pair<RoomRecordPointer, MetadataPointer>> open;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [id, room] : rooms_) {
            if (!matches && open.size() == count_max) break;
            if (!room->is_private && (type.empty() || room->type == type)) open.emplace_back(room, room->metadata);
        }
    }
    Found found;
    found.looked_at = open.size();
    if (matches) std::erase_if(open, [&, taken = std::size_t{0}](const auto& room) mutable {
        return taken == count_max || !matches(*room.second) || (++taken, false);
    });
    const std::scoped_lock lock(mutex_);
    for (const auto& [room, metadata] : open)
        if (!room->gone) found.rooms.push_back(listing_of(*room));
    return found;
}

std::size_t Lobby::size(const std::string& type) const {
    const std::scoped_lock lock(mutex_);
    const auto it = by_type_.find(type);
    return it == by_type_.end() ? 0 : it->second.size();
}

std::size_t Lobby::size() const {
    const std::scoped_lock lock(mutex_);
    return rooms_.size();
}

std::vector<RoomRecordPointer> Lobby::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<RoomRecordPointer> rooms;
    for (const auto& [id, room] : rooms_) rooms.push_back(room);
    return rooms;
}

}  // namespace tickrelay
