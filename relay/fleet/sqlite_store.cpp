#include "relay/fleet/sqlite_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "relay/log.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds gathering{50};           // so many writes share a commit, which waits for the disk
constexpr std::size_t batch_bytes_max = 16ULL << 20;
constexpr std::size_t waiting_bytes_max = 512ULL << 20;  // rooms with nothing waiting wait for their next turn above it
constexpr std::size_t checkpoint_bytes_most = 900'000'000;  // SQLite's longest value, nearly
constexpr std::uint32_t terms_at_once = 256;
constexpr std::uint64_t events_at_once = 4'096;
constexpr std::uint64_t tries_when_stopping = 3;
constexpr std::int64_t retry_most_ms = 5'000;

}  // namespace

std::variant<std::unique_ptr<Store>, std::string> open_sqlite_store(const SqliteSettings& settings, StatsShard& stats) {
    auto store = std::make_unique<SqliteStore>(settings, stats);
    if (auto error = store->start()) return *error;
    return std::unique_ptr<Store>(std::move(store));
}

// Terms and numbers of events are reserved in blocks, so that none is given twice though giving one writes nothing. Where the process
// before ended as it should, its reserve of numbers ends where it stopped.
std::optional<std::string> SqliteStore::start() {
    if (auto error = directory_.open(settings_.data_dir)) return error;
    // It holds players' session tokens: for nobody else to read, whatever the folder allows. SQLite's other files take after it.
    if (const int file = ::open(database_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); file >= 0) close(file);
    if (auto error = tables_.open(database_path())) return error;
    last_term_ = static_cast<std::uint32_t>(tables_.value("terms"));
    terms_reserved_ = last_term_ + terms_at_once;
    first_event_ = std::max(static_cast<std::uint64_t>(tables_.value("events")), tables_.last_event()) + 1;
    events_reserved_ = first_event_ + events_at_once;
    if (!tables_.begin() || !tables_.set_value("terms", terms_reserved_) ||
        !tables_.set_value("events", static_cast<std::int64_t>(events_reserved_)) || !tables_.commit())
        return database_path() + " cannot be written: free space on its disk, and let the relay's user write it. It said: " + tables_.error();
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "store");
    return std::nullopt;
}

void SqliteStore::stop() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        wakes_.notify_one();
    }
    thread_.join();
}

// ---------------------------------------------------------------------------------------------- asking

void SqliteStore::wake(bool at_once) {
    at_once_ |= at_once;
    wakes_.notify_one();
}

std::uint32_t SqliteStore::new_term() {
    const std::scoped_lock lock(mutex_);
    if (++last_term_ + terms_at_once / 2 > terms_reserved_) {
        terms_reserved_ += terms_at_once;
        waiting_.terms_reserved = terms_reserved_;
        wake(false);
    }
    return last_term_;
}

void SqliteStore::reserve_events(std::uint64_t up_to) {
    const std::scoped_lock lock(mutex_);
    if (up_to + events_at_once / 2 <= events_reserved_) return;
    events_reserved_ = up_to + events_at_once;
    waiting_.events_reserved = events_reserved_;
    wake(false);
}

void SqliteStore::claim(std::vector<StoredRoom> rooms, std::uint32_t term, Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    waiting_.claims.push_back({std::move(rooms), term, std::move(then)});
    wake(true);
}

// On the caller's thread: the store's own may wait for the disk while rooms go on.
void SqliteStore::renew(std::int64_t kept_ms, Then<std::int64_t> then) {
    directory_.pulse(now_since_1970_ms(), kept_ms);
    if (then) then(std::numeric_limits<std::int64_t>::max());
}

void SqliteStore::release(std::string room_id, std::uint32_t term) {
    const std::scoped_lock lock(mutex_);
    RoomWork& work = waiting_.rooms[std::move(room_id)];
    if (work.put) waiting_.bytes -= work.put->bytes.size();
    work.put.reset();
    answer_later(std::exchange(work.answers, {}), Stored::ended);
    work.released = std::max(work.released.value_or(0), term);
    wake(false);
}

void SqliteStore::answer_later(Answers answers, Stored what) {
    if (answers.empty()) return;
    readings_.push_back([answers = std::move(answers), what](Tables&) {
        for (const auto& answer : answers) answer(what);
    });
}

void SqliteStore::put_checkpoint(CheckpointBytes checkpoint, Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    const auto waits = waiting_.rooms.find(checkpoint.id);
    const std::size_t replaced = waits != waiting_.rooms.end() && waits->second.put ? waits->second.put->bytes.size() : 0;
    const std::size_t bytes = checkpoint.bytes.size();
    if (bytes > checkpoint_bytes_most || (replaced == 0 && waiting_.bytes + bytes > waiting_bytes_max)) {
        if (then) answer_later({std::move(then)}, Stored::failed);
        return wake(false);
    }
    RoomWork& work = waits != waiting_.rooms.end() ? waits->second : waiting_.rooms[checkpoint.id];
    waiting_.bytes += bytes - replaced;
    const bool urgent = !checkpoint.runs_on;
    work.put = std::move(checkpoint);
    if (then) work.answers.push_back(std::move(then));
    wake(urgent);
}

void SqliteStore::append_event(std::vector<StoredEvent> events, Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    waiting_.events.emplace_back(std::move(events), std::move(then));
    wake(false);
}

void SqliteStore::set_aside(std::string room_id, std::string why) {
    const std::scoped_lock lock(mutex_);
    waiting_.rooms[std::move(room_id)].aside = std::move(why);
    wake(false);
}

void SqliteStore::flush(Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    waiting_.flushes.push_back(std::move(then));
    wake(true);
}

void SqliteStore::put_ban(StoredBan ban, Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    std::string whose = ban.player_id + '\0' + ban.room_id + '\0' + ban.address;
    waiting_.bans.insert_or_assign(std::move(whose), std::move(ban));
    if (then) waiting_.ban_answers.push_back(std::move(then));
    wake(true);
}

void SqliteStore::list_bans(Then<std::vector<StoredBan>> then) {
    ask([then = std::move(then)](Tables& tables) { then(tables.bans(now_since_1970_ms())); });
}

void SqliteStore::ask(Reading reading) {
    const std::scoped_lock lock(mutex_);
    readings_.push_back(std::move(reading));
    wake(false);
}

void SqliteStore::find(std::string room_id, Then<std::optional<RoomPlace>> then) {
    ask([room_id = std::move(room_id), then = std::move(then)](Tables& tables) {
        const auto term = tables.term_of(room_id);
        then(term ? std::optional(RoomPlace{.node = {}, .term = *term, .url = {}}) : std::nullopt);
    });
}

void SqliteStore::get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) {
    ask([this, key = std::move(key), then = std::move(then)](Tables& tables) {
        std::int64_t since_ms = 0;
        auto room = tables.get(key, since_ms);
        if (room) room->lost_ms = lost_ms(*room, since_ms);
        then(std::move(room));
    });
}

// Its owner may have run on from when it was written, or from when all that it wrote was durable, until the last sign of life.
std::int64_t SqliteStore::lost_ms(const StoredRoom& room, std::int64_t since_ms) const {
    constexpr std::int64_t always_ms = 1'000;
    if (room.owners == 0) return 0;
    const DataDir::Past& past = directory_.past();
    const std::int64_t now_ms = now_since_1970_ms();
    const std::int64_t until_ms = past.known ? std::min(past.lived_ms, now_ms) : now_ms;
    return room.lost_ms + std::max<std::int64_t>(until_ms - std::max(since_ms, past.kept_ms), 0) + always_ms;
}

void SqliteStore::list(Then<std::vector<StoredKey>> then) {
    ask([then = std::move(then)](Tables& tables) { then(tables.keys()); });
}

void SqliteStore::read_events(std::uint64_t after, std::size_t count, Then<EventPage> then) {
    ask([after, count, then = std::move(then)](Tables& tables) { then(tables.events(after, count)); });
}

// ---------------------------------------------------------------------------------------------- the thread

void SqliteStore::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto retry = milliseconds(std::min<std::int64_t>(250LL << std::min<std::uint64_t>(tries_, 8), retry_most_ms));
        const auto work = [this] { return stopping_ || !readings_.empty() || (failing_since_ms_ == 0 && !waiting_.empty()); };
        if (failing_since_ms_ == 0)
            wakes_.wait(lock, work);
        else
            wakes_.wait_for(lock, retry, work);
        while (!readings_.empty()) {
            const Reading reading = std::move(readings_.front());
            readings_.pop_front();
            lock.unlock();
            reading(tables_);
            lock.lock();
        }
        if (waiting_.empty()) {
            if (stopping_) break;
            continue;
        }
        if (!at_once_ && !stopping_ && failing_since_ms_ == 0)
            wakes_.wait_for(lock, gathering, [this] { return at_once_ || stopping_ || !readings_.empty() || waiting_.bytes > batch_bytes_max; });
        at_once_ = false;
        Batch batch = std::exchange(waiting_, {});
        lock.unlock();
        const bool written = write(batch);
        if (written) succeed(batch);
        else fail(batch);
        lock.lock();
        if (!written) put_back(batch);
        if (!written && stopping_ && tries_ >= tries_when_stopping) break;
    }
    // Numbers go on without a gap after an end like this.
    if (failing_since_ms_ == 0 && tables_.begin() && (!tables_.set_value("events", 0) || !tables_.commit())) tables_.roll_back();
}

bool SqliteStore::write(Batch& batch) {
    if (!tables_.begin()) return false;
    const std::int64_t now_ms = now_since_1970_ms();
    for (const Claim& claim : batch.claims)
        for (const StoredRoom& room : claim.rooms)
            if (!tables_.claim(room, claim.term, now_ms)) return false;
    if (batch.terms_reserved != 0 && !tables_.set_value("terms", batch.terms_reserved)) return false;
    if (batch.events_reserved != 0 && !tables_.set_value("events", static_cast<std::int64_t>(batch.events_reserved))) return false;
    return write_rooms(batch) && write_events(batch) && write_bans(batch) && tables_.commit();
}

bool SqliteStore::write_rooms(Batch& batch) {
    const std::int64_t now_ms = now_since_1970_ms();
    bool aside = false;
    for (const auto& [id, work] : batch.rooms) {
        aside |= work.aside.has_value();
        if (work.aside && !tables_.set_aside(id, *work.aside, now_ms)) return false;
        if (work.released && !tables_.remove(id, *work.released)) return false;
        if (work.put && !tables_.put(*work.put)) return false;
    }
    return !aside || tables_.trim_aside(settings_.aside_max, settings_.aside_bytes_max);
}

bool SqliteStore::write_events(Batch& batch) {
    if (batch.events.empty()) return true;
    for (const auto& [events, then] : batch.events)
        for (const StoredEvent& event : events) {
            if (!tables_.add_event(event)) return false;
            if (event.lost_from != 0) batch.events_dropped += event.seq - event.lost_from + 1;
        }
    return tables_.trim_events(settings_.journal_events_max, settings_.journal_bytes_max, batch.events_dropped);
}

bool SqliteStore::write_bans(Batch& batch) {
    for (const auto& [whose, ban] : batch.bans)
        if (!tables_.put_ban(ban)) return false;
    return batch.bans.empty() || tables_.trim_bans(now_since_1970_ms());
}

void SqliteStore::succeed(Batch& batch) {
    stats_.store_commits.add();
    stats_.store_failing.set(0);
    if (failing_since_ms_ != 0)
        log::info("the store can be written again", {{"after_s", static_cast<double>(now_since_1970_ms() - failing_since_ms_) / 1e3}, {"tries", tries_}});
    failing_since_ms_ = 0;
    tries_ = 0;
    // Counted before it is answered: who hears of it finds it in the figures.
    stats_.journal_dropped.add(batch.events_dropped);
    for (const auto& [id, work] : batch.rooms)
        if (work.aside) stats_.rooms_set_aside.add();
    for (const auto& [events, then] : batch.events) stats_.journal_events.add(events.size());
    for (const Claim& claim : batch.claims) claim.then(Stored::durable);
    for (const auto& [id, work] : batch.rooms)
        for (const auto& answer : work.answers) answer(Stored::durable);
    for (const auto& [events, then] : batch.events) then(Stored::durable);
    for (const auto& answer : batch.ban_answers) answer(Stored::durable);
    for (const auto& answer : batch.flushes) answer(Stored::durable);
}

// One line when it begins, one when it is over.
void SqliteStore::fail(Batch& batch) {
    const std::string why = tables_.error();
    const bool full = tables_.full();
    tables_.roll_back();
    stats_.store_errors.add();
    stats_.store_failing.set(1);
    if (failing_since_ms_ == 0) {
        failing_since_ms_ = now_since_1970_ms();
        log::error("the store cannot be written: rooms go on, and what they do is not safe from a crash; it is tried again until it works",
                   {{"why", why}, {"file", database_path()}, {"remedy", full ? "free space on its disk" : "look at the disk and at who may write the file"}});
    }
    ++tries_;
    for (const Claim& claim : batch.claims) claim.then(Stored::failed);
    for (auto& [id, work] : batch.rooms)
        for (const auto& answer : std::exchange(work.answers, {})) answer(Stored::failed);
    for (const auto& [events, then] : batch.events) then(Stored::failed);
    for (const auto& answer : batch.ban_answers) answer(Stored::failed);
    for (const auto& answer : batch.flushes) answer(Stored::failed);
}

// Newer work of a room, and a newer ban of somebody, comes after what was not written.
void SqliteStore::put_back(Batch& batch) {
    waiting_.terms_reserved = std::max(waiting_.terms_reserved, batch.terms_reserved);
    waiting_.events_reserved = std::max(waiting_.events_reserved, batch.events_reserved);
    waiting_.bans.merge(batch.bans);
    for (auto& [id, work] : batch.rooms) {
        RoomWork& now = waiting_.rooms[id];
        if (!now.aside) now.aside = std::move(work.aside);
        const bool superseded = now.put || now.released;
        if (work.released) now.released = std::max(now.released.value_or(0), *work.released);
        if (work.put && !superseded) {
            waiting_.bytes += work.put->bytes.size();
            now.put = std::move(work.put);
        }
    }
}

}  // namespace tickrelay
