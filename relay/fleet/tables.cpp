#include "relay/fleet/tables.h"

#include <cstring>

namespace tickrelay {

namespace {

constexpr std::int64_t format = 1;  // of the tables: a relay refuses what a newer one wrote

constexpr std::uint64_t bans_max = 132'096;  // what relay/door/bans.h holds

// A commit is durable when it returns (FULL): terms and results rest on that, and the thread that waits for it has nothing else to do.
// The log of writes stays small: SQLite copies it into the file every thousand pages.
constexpr const char* set_up =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF;";

constexpr const char* make_tables =
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rooms (id TEXT PRIMARY KEY, term INTEGER NOT NULL, made_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,"
    " owners INTEGER NOT NULL, lost_ms INTEGER NOT NULL, hash INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS aside (number INTEGER PRIMARY KEY AUTOINCREMENT, why TEXT NOT NULL, aside_ms INTEGER NOT NULL, id TEXT NOT NULL,"
    " term INTEGER NOT NULL, made_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, owners INTEGER NOT NULL, lost_ms INTEGER NOT NULL,"
    " hash INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, lost_from INTEGER NOT NULL, time_ms INTEGER NOT NULL, type TEXT NOT NULL,"
    " room TEXT NOT NULL, player TEXT NOT NULL, label TEXT NOT NULL, data BLOB NOT NULL, octets INTEGER NOT NULL,"
    " trace TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE IF NOT EXISTS bans (player TEXT NOT NULL, room TEXT NOT NULL, address TEXT NOT NULL, until_ms INTEGER NOT NULL,"
    " reason TEXT NOT NULL, PRIMARY KEY (player, room, address)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS bans_until ON bans (until_ms);";

// Older relays wrote events without it, and read them with it.
constexpr const char* add_trace = "ALTER TABLE events ADD COLUMN trace TEXT NOT NULL DEFAULT ''";

// A bit that fell over on the disk may be a value in a room: FlatBuffers' verifier would not see it.
std::int64_t hash_of(std::span<const std::byte> bytes) {
    std::uint64_t hash = 0xCBF29CE484222325ULL ^ bytes.size();
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
        hash ^= hash >> 29;
    }
    for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3ULL;
    return static_cast<std::int64_t>(hash);
}

std::size_t bytes_of(const StoredEvent& event) { return event.room_id.size() + event.player_id.size() + event.label.size() + event.data.size() + event.trace_id.size(); }

std::string_view as_text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::optional<std::string> Tables::open(const std::string& path) {
    const std::string damaged = path + " is damaged: move it away (with its -wal and -shm) to start without its rooms, or put a backup in its place. It said: ";
    const std::string stuck = path + " cannot be used: free space on its disk, and let the relay's user write it. It said: ";
    const auto why = [&] { return (database_.damaged() ? damaged : stuck) + error(); };
    if (const std::string failed = database_.open(path); !failed.empty()) return stuck + failed;
    if (!database_.run(set_up)) return why();
    Statement check(database_, "PRAGMA quick_check(1)");
    if (check.bind().step() != Step::row) return why();
    if (const std::string found = check.text(0); found != "ok") return damaged + found;
    check.end();
    if (!begin() || !database_.run(make_tables)) return why();
    Statement traced(database_, "SELECT 1 FROM pragma_table_info('events') WHERE name = 'trace'");
    const bool has_trace = traced.bind().step() == Step::row;
    traced.end();
    if (!has_trace && !database_.run(add_trace)) return why();
    const std::int64_t written_by = value("format");
    if (written_by > format) return path + " is of a newer relay: start that version, or set another data_dir";
    if (!set_value("format", format) || !count_events() || !commit()) return why();
    return std::nullopt;
}

bool Tables::begin() {
    events_before_ = events_held_;
    event_bytes_before_ = event_bytes_held_;
    return database_.run("BEGIN IMMEDIATE");
}

void Tables::roll_back() {
    if (database_.in_transaction()) static_cast<void>(database_.run("ROLLBACK"));
    events_held_ = events_before_;
    event_bytes_held_ = event_bytes_before_;
}

std::int64_t Tables::value(std::string_view key) {
    const std::int64_t found = value_.bind(key).step() == Step::row ? value_.number(0) : 0;
    value_.end();
    return found;
}

bool Tables::set_value(std::string_view key, std::int64_t value) { return set_value_.bind(key, value).run(); }

// ---------------------------------------------------------------------------------------------- rooms

bool Tables::put(const CheckpointBytes& checkpoint) {
    const std::span<const std::byte> bytes(checkpoint.bytes);
    const std::int64_t owners = checkpoint.runs_on ? 1 : 0;
    return put_.bind(std::string_view(checkpoint.id), checkpoint.term, checkpoint.made_ms, owners, hash_of(bytes), bytes).run();
}

bool Tables::remove(std::string_view room_id, std::uint32_t term) { return remove_.bind(room_id, term).run(); }

bool Tables::claim(const StoredRoom& room, std::uint32_t term, std::int64_t now_ms) {
    if (room.aside != 0 && (!take_back_.bind(room.aside).run() || !forget_aside_.bind(room.aside).run())) return false;
    return claim_.bind(std::string_view(room.id), term, room.lost_ms, now_ms).run();
}

bool Tables::set_aside(std::string_view room_id, std::string_view why, std::int64_t now_ms) {
    return set_aside_.bind(room_id, why, now_ms).run() && remove_any_.bind(room_id).run();
}

bool Tables::trim_aside(std::size_t rooms_max, std::size_t bytes_max) { return trim_aside_.bind(std::uint64_t{rooms_max}, std::uint64_t{bytes_max}).run(); }

std::vector<StoredKey> Tables::keys() {
    std::vector<StoredKey> found;
    keys_.bind();
    while (keys_.step() == Step::row) found.push_back({keys_.text(0), keys_.number(1)});
    return found;
}

std::optional<StoredRoom> Tables::get(const StoredKey& key, std::int64_t& since_ms) {
    Statement& from = key.aside != 0 ? get_aside_ : get_;
    if (key.aside != 0)
        from.bind(key.aside);
    else
        from.bind(std::string_view(key.id));
    if (from.step() != Step::row) {
        from.end();
        return std::nullopt;
    }
    StoredRoom room{.id = key.id,
                    .term = static_cast<std::uint32_t>(from.number(0)),
                    .made_ms = from.number(1),
                    .owners = static_cast<std::uint32_t>(from.number(3)),
                    .lost_ms = from.number(4),
                    .aside = key.aside,
                    .damage = {},
                    .bytes = from.bytes(6)};
    since_ms = from.number(2);
    if (from.number(5) != hash_of(room.bytes)) room.damage = "its bytes are not what was written: the disk, or another program";
    from.end();
    return room;
}

std::optional<std::uint32_t> Tables::term_of(std::string_view room_id) {
    std::optional<std::uint32_t> term;
    if (term_of_.bind(room_id).step() == Step::row) term = static_cast<std::uint32_t>(term_of_.number(0));
    term_of_.end();
    return term;
}

// ---------------------------------------------------------------------------------------------- events

bool Tables::add_event(const StoredEvent& event) {
    const auto data = std::as_bytes(std::span(event.data));
    if (!add_event_.bind(event.seq, event.lost_from, event.time_ms, std::string_view(event.type), std::string_view(event.room_id),
                         std::string_view(event.player_id), std::string_view(event.label), data, std::uint64_t{bytes_of(event)}, std::string_view(event.trace_id)).run())
        return false;
    ++events_held_;
    event_bytes_held_ += bytes_of(event);
    return true;
}

bool Tables::count_events() {
    const bool read = count_events_.bind().step() == Step::row;
    events_held_ = read ? static_cast<std::uint64_t>(count_events_.number(0)) : 0;
    event_bytes_held_ = read ? static_cast<std::uint64_t>(count_events_.number(1)) : 0;
    count_events_.end();
    return read;
}

bool Tables::trim_events(std::size_t events_max, std::size_t bytes_max, std::uint64_t& dropped) {
    while (events_held_ > events_max || (event_bytes_held_ > bytes_max && events_held_ > 1)) {
        std::uint64_t events = events_held_, bytes = event_bytes_held_, up_to = 0;
        oldest_events_.bind();
        while ((events > events_max || bytes > bytes_max) && oldest_events_.step() == Step::row) {
            up_to = static_cast<std::uint64_t>(oldest_events_.number(0));
            --events;
            bytes -= static_cast<std::uint64_t>(oldest_events_.number(1));
        }
        oldest_events_.end();
        if (up_to == 0 || !drop_events_.bind(up_to).run()) return false;
        dropped += events_held_ - events;
        events_held_ = events;
        event_bytes_held_ = bytes;
    }
    return true;
}

EventPage Tables::events(std::uint64_t after, std::size_t count) {
    EventPage page;
    if (first_event_.bind().step() == Step::row) page.first = static_cast<std::uint64_t>(first_event_.number(0));
    first_event_.end();
    events_.bind(after, std::uint64_t{count});
    while (events_.step() == Step::row) {
        StoredEvent& event = page.events.emplace_back();
        event.seq = static_cast<std::uint64_t>(events_.number(0));
        event.lost_from = static_cast<std::uint64_t>(events_.number(1));
        event.time_ms = events_.number(2);
        event.type = events_.text(3);
        event.room_id = events_.text(4);
        event.player_id = events_.text(5);
        event.label = events_.text(6);
        event.data = as_text(events_.bytes(7));
        event.trace_id = events_.text(8);
    }
    events_.end();
    return page;
}

std::uint64_t Tables::last_event() {
    const std::uint64_t last = first_event_.bind().step() == Step::row ? static_cast<std::uint64_t>(first_event_.number(1)) : 0;
    first_event_.end();
    return last;
}

// ---------------------------------------------------------------------------------------------- bans

bool Tables::put_ban(const StoredBan& ban) {
    const std::string_view player = ban.player_id, room = ban.room_id, address = ban.address;
    if (ban.until_ms == 0) return remove_ban_.bind(player, room, address).run();
    return put_ban_.bind(player, room, address, ban.until_ms, std::string_view(ban.reason)).run();
}

bool Tables::trim_bans(std::int64_t now_ms) { return end_bans_.bind(now_ms).run() && trim_bans_.bind(bans_max).run(); }

std::vector<StoredBan> Tables::bans(std::int64_t now_ms) {
    std::vector<StoredBan> found;
    bans_.bind(now_ms);
    while (bans_.step() == Step::row)
        found.push_back({.player_id = bans_.text(0), .room_id = bans_.text(1), .address = bans_.text(2), .until_ms = bans_.number(3), .reason = bans_.text(4)});
    bans_.end();
    return found;
}

}  // namespace tickrelay
