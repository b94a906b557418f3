#include "relay/door/rooms.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "relay/door/base64.h"

namespace tickrelay {

namespace {

// What a room is sorted by; the id makes it unique.
struct Key {
    double number = 0;
    std::string text;
    std::string room_id;
    friend bool operator<(const Key& a, const Key& b) {
        return std::tie(a.number, a.text, a.room_id) < std::tie(b.number, b.text, b.room_id);
    }
};

Key key_of(const RoomEntry& room, RoomOrder order) {
    switch (order) {
        case RoomOrder::room_id: return {0, {}, room.room_id};
        case RoomOrder::type: return {0, room.type, room.room_id};
        case RoomOrder::players: return {static_cast<double>(room.players), {}, room.room_id};
        case RoomOrder::age: return {std::floor(room.age_s), {}, room.room_id};
    }
    return {};
}

// "number \x1f text \x1f id", as base64url.
std::string write_cursor(const Key& key) {
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, key.number).ptr;
    return encode_base64url(bytes_of(std::string(number, end) + '\x1f' + key.text + '\x1f' + key.room_id));
}

std::optional<Key> read_cursor(std::string_view cursor) {
    const auto text = decode_base64(cursor);
    if (!text) return std::nullopt;
    const auto first = text->find('\x1f');
    const auto second = first == std::string::npos ? first : text->find('\x1f', first + 1);
    if (second == std::string::npos) return std::nullopt;
    Key key;
    const char* begin = text->data();
    if (std::from_chars(begin, begin + first, key.number).ptr != begin + first) return std::nullopt;
    key.text = text->substr(first + 1, second - first - 1);
    key.room_id = text->substr(second + 1);
    return key;
}

bool matches(const RoomEntry& room, const RoomQuery& query) {
    if (!query.type.empty() && room.type != query.type) return false;
    const auto holds = [&](const std::string& text) { return text.find(query.search) != std::string::npos; };
    return query.search.empty() || holds(room.room_id) || holds(room.type) || holds(room.metadata);
}

}  // namespace

std::string cursor_after(const std::string& room_id) { return write_cursor({0, {}, room_id}); }

std::optional<RoomPage> cut_page(std::vector<RoomEntry> rooms, const RoomQuery& query) {
    std::optional<Key> after;
    if (!query.cursor.empty() && !(after = read_cursor(query.cursor))) return std::nullopt;

    std::erase_if(rooms, [&](const RoomEntry& room) { return !matches(room, query); });
    std::vector<std::pair<Key, std::size_t>> order;
    order.reserve(rooms.size());
    for (std::size_t i = 0; i < rooms.size(); ++i) order.emplace_back(key_of(rooms[i], query.order), i);
    const auto before = [&](const Key& a, const Key& b) { return query.descending ? b < a : a < b; };
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) { return before(a.first, b.first); });

    RoomPage page;
    page.total = rooms.size();
    auto from = order.begin();
    if (after) {
        from = std::upper_bound(order.begin(), order.end(), *after,
                                [&](const Key& key, const auto& room) { return before(key, room.first); });
    }
    const auto count = std::min(query.limit, static_cast<std::size_t>(order.end() - from));
    for (auto room = from; room != from + static_cast<std::ptrdiff_t>(count); ++room) {
        page.rooms.push_back(std::move(rooms[room->second]));
    }
    if (count > 0 && from + static_cast<std::ptrdiff_t>(count) != order.end()) {
        page.cursor = write_cursor(from[static_cast<std::ptrdiff_t>(count) - 1].first);
    }
    return page;
}

}  // namespace tickrelay
