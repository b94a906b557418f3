// What the embedded store's database holds, statement by statement. Owner: the store's thread, or who opens it before there is one.
// False: the statement failed, error() says why; the transaction is to be rolled back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/fleet/sqlite.h"
#include "relay/fleet/store.h"

namespace tickrelay {

class Tables {
  public:
    // A text that names what is wrong and the remedy, or nothing.
    std::optional<std::string> open(const std::string& path);

    bool begin();
    bool commit() { return database_.run("COMMIT"); }
    void roll_back();
    [[nodiscard]] std::string error() const { return database_.error(); }
    [[nodiscard]] bool full() const { return database_.full(); }

    [[nodiscard]] std::int64_t value(std::string_view key);  // 0 where it was never set
    bool set_value(std::string_view key, std::int64_t value);

    bool put(const CheckpointBytes& checkpoint);  // not over a higher term's
    bool remove(std::string_view room_id, std::uint32_t term);
    bool claim(const StoredRoom& room, std::uint32_t term, std::int64_t now_ms);
    bool set_aside(std::string_view room_id, std::string_view why, std::int64_t now_ms);
    bool trim_aside(std::size_t rooms_max, std::size_t bytes_max);  // the oldest go

    bool add_event(const StoredEvent& event);
    // The oldest go. How many went into `dropped`.
    bool trim_events(std::size_t events_max, std::size_t bytes_max, std::uint64_t& dropped);

    bool put_ban(const StoredBan& ban);
    bool trim_bans(std::int64_t now_ms);  // those that have ended, and above bans_max those that end first

    // ---- reading; nothing where it fails

    [[nodiscard]] std::vector<StoredKey> keys();
    // `since_ms`: when its owner began to run on from it.
    [[nodiscard]] std::optional<StoredRoom> get(const StoredKey& key, std::int64_t& since_ms);
    [[nodiscard]] std::optional<std::uint32_t> term_of(std::string_view room_id);
    [[nodiscard]] EventPage events(std::uint64_t after, std::size_t count);
    [[nodiscard]] std::uint64_t last_event();
    [[nodiscard]] std::vector<StoredBan> bans(std::int64_t now_ms);

  private:
    bool count_events();

    Database database_;
    Statement value_{database_, "SELECT value FROM meta WHERE key = ?1"};
    Statement set_value_{database_, "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"};
    Statement put_{database_,
                   "INSERT INTO rooms (id, term, made_ms, since_ms, owners, lost_ms, hash, bytes) VALUES (?1, ?2, ?3, ?3, ?4, 0, ?5, ?6) "
                   "ON CONFLICT (id) DO UPDATE SET term = ?2, made_ms = ?3, since_ms = ?3, owners = ?4, lost_ms = 0, hash = ?5, bytes = ?6 "
                   "WHERE term <= ?2"};
    Statement remove_{database_, "DELETE FROM rooms WHERE id = ?1 AND term <= ?2"};
    Statement claim_{database_, "UPDATE rooms SET term = ?2, owners = owners + 1, lost_ms = ?3, since_ms = ?4 WHERE id = ?1"};
    Statement take_back_{database_,
                         "INSERT OR IGNORE INTO rooms (id, term, made_ms, since_ms, owners, lost_ms, hash, bytes) "
                         "SELECT id, term, made_ms, since_ms, owners, lost_ms, hash, bytes FROM aside WHERE number = ?1"};
    Statement forget_aside_{database_, "DELETE FROM aside WHERE number = ?1"};
    Statement set_aside_{database_,
                         "INSERT INTO aside (why, aside_ms, id, term, made_ms, since_ms, owners, lost_ms, hash, bytes) "
                         "SELECT ?2, ?3, id, term, made_ms, since_ms, owners, lost_ms, hash, bytes FROM rooms WHERE id = ?1"};
    Statement remove_any_{database_, "DELETE FROM rooms WHERE id = ?1"};
    // The newest that fit: a whole start may be refused, where a logic was not loaded.
    Statement trim_aside_{database_,
                          "DELETE FROM aside WHERE number IN (SELECT number FROM (SELECT number, row_number() OVER newest AS place, "
                          "sum(length(bytes)) OVER newest AS total FROM aside WINDOW newest AS (ORDER BY number DESC)) WHERE place > ?1 OR total > ?2)"};
    Statement keys_{database_, "SELECT id, 0 FROM rooms UNION ALL SELECT id, number FROM aside WHERE id NOT IN (SELECT id FROM rooms)"};
    Statement get_{database_, "SELECT term, made_ms, since_ms, owners, lost_ms, hash, bytes FROM rooms WHERE id = ?1"};
    Statement get_aside_{database_, "SELECT term, made_ms, since_ms, owners, lost_ms, hash, bytes FROM aside WHERE number = ?1"};
    Statement term_of_{database_, "SELECT term FROM rooms WHERE id = ?1"};
    Statement add_event_{database_,
                         "INSERT OR REPLACE INTO events (seq, lost_from, time_ms, type, room, player, label, data, octets, trace) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
    Statement oldest_events_{database_, "SELECT seq, octets FROM events ORDER BY seq LIMIT 256"};
    Statement drop_events_{database_, "DELETE FROM events WHERE seq <= ?1"};
    Statement count_events_{database_, "SELECT count(*), ifnull(sum(octets), 0) FROM events"};
    Statement events_{database_,
                      "SELECT seq, lost_from, time_ms, type, room, player, label, data, trace FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2"};
    Statement first_event_{database_, "SELECT ifnull(min(seq), 0), ifnull(max(seq), 0) FROM events"};
    Statement put_ban_{database_,
                       "INSERT INTO bans (player, room, address, until_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5) "
                       "ON CONFLICT (player, room, address) DO UPDATE SET until_ms = ?4, reason = ?5"};
    Statement remove_ban_{database_, "DELETE FROM bans WHERE player = ?1 AND room = ?2 AND address = ?3"};
    Statement end_bans_{database_, "DELETE FROM bans WHERE until_ms <= ?1"};
    Statement trim_bans_{database_,
                         "DELETE FROM bans WHERE (player, room, address) IN "
                         "(SELECT player, room, address FROM bans ORDER BY until_ms DESC LIMIT -1 OFFSET ?1)"};
    Statement bans_{database_, "SELECT player, room, address, until_ms, reason FROM bans WHERE until_ms > ?1 ORDER BY until_ms"};
    std::uint64_t events_held_ = 0;
    std::uint64_t event_bytes_held_ = 0;
    std::uint64_t events_before_ = 0;  // this transaction
    std::uint64_t event_bytes_before_ = 0;
};

}  // namespace tickrelay
