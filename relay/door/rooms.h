// Pages of the list of rooms: filtered, sorted, cut. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/door/controls.h"

namespace tickrelay {

inline constexpr std::size_t page_rooms_max = 1'000;
inline constexpr std::size_t page_rooms_default = 100;

enum class RoomOrder : std::uint8_t { room_id, type, players, age };

struct RoomQuery {
    std::string type = {};    // empty: every type
    std::string search = {};  // a part of the room's id, type or metadata, case as written
    RoomOrder order = RoomOrder::room_id;
    bool descending = false;
    std::string cursor = {};  // of the page before
    std::size_t limit = page_rooms_default;
};

struct RoomPage {
    std::vector<RoomEntry> rooms;
    std::string cursor;     // empty: this is the last page
    std::size_t total = 0;  // rooms that match, on all pages
};

// Of a page by room_id that ends with this one.
std::string cursor_after(const std::string& room_id);

// A cursor names the last room of its page by order key and id, so pages neither skip nor repeat rooms that stay
// while others come and go. Nothing where the cursor is not one of ours for this order.
std::optional<RoomPage> cut_page(std::vector<RoomEntry> rooms, const RoomQuery& query);

}  // namespace tickrelay
