// Who may not come: players by their id, in one room or in all, and addresses, for a time. Any thread; a mutex, taken when a
// connection comes and at a join. Kept in memory; where there is a data_dir the desk keeps them there, too, and a start reads them.
//
// Bounded: where a table is full the ban that would end first makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/address.h"

namespace tickrelay {

class Bans {
  public:
    static constexpr std::size_t players_max = 65'536;
    static constexpr std::size_t addresses_max = 65'536;
    static constexpr std::size_t ranges_max = 1'024;  // each connection is held against all of them

    struct Ban {
        std::string player_id;  // empty: of an address
        std::string room_id;    // of a player; empty: in all rooms
        Cidr address;
        std::int64_t until_ns = 0;
        std::string reason;
    };

    void add(Ban ban);  // in place of an earlier one of the same
    // Whether there was one: the same player and room, or the same range.
    bool remove(const Ban& ban, std::int64_t now_ns);

    [[nodiscard]] bool holds(std::string_view player_id, std::string_view room_id, std::int64_t now_ns) const;
    [[nodiscard]] bool holds(const PeerAddress& address, std::int64_t now_ns) const;

    // Those that hold now: at most `count`, players first.
    [[nodiscard]] std::vector<Ban> list(std::size_t count, std::int64_t now_ns) const;

  private:
    struct Until {
        std::int64_t ns = 0;
        std::string reason;
    };
    using Player = std::pair<std::string, std::string>;  // id, room

    mutable std::mutex mutex_;
    std::map<Player, Until, std::less<>> players_;
    std::map<PeerAddress, Until> addresses_;  // single ones
    std::vector<std::pair<Cidr, Until>> ranges_;
};

}  // namespace tickrelay
