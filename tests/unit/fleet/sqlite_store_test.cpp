#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "folder.h"
#include "relay/fleet/data_dir.h"
#include "relay/fleet/store.h"
#include "relay/fleet/tables.h"
#include "relay/stats.h"

namespace tickrelay {
namespace {

using test::answer_of;
using test::Folder;

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

class SqliteStoreTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void open() {
        store.reset();
        settings.data_dir = path;
        auto opened = open_sqlite_store(settings, stats);
        ASSERT_TRUE(std::holds_alternative<std::unique_ptr<Store>>(opened)) << std::get<std::string>(opened);
        store = std::get<std::unique_ptr<Store>>(std::move(opened));
    }
    CheckpointBytes checkpoint(const std::string& id, std::uint32_t term, std::string_view text, bool runs_on = true) {
        return {.id = id, .term = term, .made_ms = 1'000, .runs_on = runs_on, .bytes = bytes_of(text)};
    }
    Stored put(CheckpointBytes what) {
        return answer_of<Stored>([&](auto then) { store->put_checkpoint(std::move(what), then); });
    }
    Stored flush() {
        return answer_of<Stored>([&](auto then) { store->flush(then); });
    }
    std::optional<StoredRoom> get(const StoredKey& key) {
        return answer_of<std::optional<StoredRoom>>([&](auto then) { store->get_checkpoint(key, then); });
    }
    std::vector<StoredKey> keys() {
        return answer_of<std::vector<StoredKey>>([&](auto then) { store->list(then); });
    }
    Stored append(std::vector<StoredEvent> events) {
        return answer_of<Stored>([&](auto then) { store->append_event(std::move(events), then); });
    }
    EventPage events(std::uint64_t after, std::size_t count = 1'000) {
        return answer_of<EventPage>([&](auto then) { store->read_events(after, count, then); });
    }
    Stored claim(const StoredRoom& room, std::uint32_t term) {
        return answer_of<Stored>([&](auto then) { store->claim({room}, term, then); });
    }

    Folder folder;
    std::string path = folder.path() + "/data";
    SqliteSettings settings{.data_dir = {}, .journal_events_max = 100, .journal_bytes_max = 4'096};
    StatsShard stats;
    std::unique_ptr<Store> store;
};

TEST_F(SqliteStoreTest, keeps_the_newest_of_each_room) {
    EXPECT_EQ(put(checkpoint("a", 1, "one")), Stored::durable);
    EXPECT_EQ(put(checkpoint("b", 1, "other")), Stored::durable);
    EXPECT_EQ(put(checkpoint("a", 1, "two")), Stored::durable);
    open();
    EXPECT_EQ(keys().size(), 2U);
    const auto room = get({.id = "a"});
    ASSERT_TRUE(room);
    EXPECT_EQ(room->bytes, bytes_of("two"));
    EXPECT_EQ(room->damage, "");
    EXPECT_EQ(room->owners, 1U);
    EXPECT_FALSE(get({.id = "c"}));
    const auto place = answer_of<std::optional<RoomPlace>>([&](auto then) { store->find("a", then); });
    ASSERT_TRUE(place);
    EXPECT_EQ(place->term, 1U);
}

TEST_F(SqliteStoreTest, its_files_are_for_their_owner_alone) {
    EXPECT_EQ(put(checkpoint("a", 1, "one")), Stored::durable);
    using std::filesystem::perms;
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
        ++files;
        EXPECT_EQ(file.status().permissions() & (perms::group_all | perms::others_all), perms::none) << file.path();
    }
    EXPECT_GE(files, 3);
}

TEST_F(SqliteStoreTest, newer_bytes_replace_those_that_wait_and_both_are_answered) {
    std::vector<std::future<Stored>> answers;
    for (int i = 0; i < 100; ++i) {
        auto promise = std::make_shared<std::promise<Stored>>();
        answers.push_back(promise->get_future());
        store->put_checkpoint(checkpoint("a", 1, std::to_string(i)), [promise](Stored what) { promise->set_value(what); });
    }
    for (auto& answer : answers) EXPECT_EQ(answer.get(), Stored::durable);
    EXPECT_EQ(get({.id = "a"})->bytes, bytes_of("99"));
    EXPECT_LT(stats.store_commits.read(), 50U) << "many at once";
}

TEST_F(SqliteStoreTest, a_room_that_ended_is_forgotten_also_where_it_still_waits) {
    EXPECT_EQ(put(checkpoint("a", 1, "one")), Stored::durable);
    store->put_checkpoint(checkpoint("a", 1, "two"), {});
    auto waits = answer_of<Stored>([&](auto then) {
        store->put_checkpoint(checkpoint("a", 1, "three"), then);
        store->release("a", 1);
    });
    EXPECT_NE(waits, Stored::failed);
    flush();
    EXPECT_TRUE(keys().empty());
    store->release("a", 1);
    EXPECT_EQ(put(checkpoint("a", 2, "the next of that name")), Stored::durable);
    store->release("a", 1);
    flush();
    EXPECT_EQ(keys().size(), 1U) << "an owner of before cannot end it";
    EXPECT_EQ(put(checkpoint("a", 1, "late")), Stored::durable);
    EXPECT_EQ(get({.id = "a"})->bytes, bytes_of("the next of that name")) << "nor write over it";
}

TEST_F(SqliteStoreTest, terms_are_never_given_twice) {
    std::uint32_t last = store->new_term();
    for (int life = 0; life < 3; ++life) {
        for (int i = 0; i < 700; ++i) {
            const std::uint32_t term = store->new_term();
            EXPECT_GT(term, last);
            last = term;
        }
        flush();
        open();
        const std::uint32_t term = store->new_term();
        EXPECT_GT(term, last);
        last = term;
    }
}

TEST_F(SqliteStoreTest, owners_that_wrote_nothing_are_counted_and_a_hand_over_has_none) {
    EXPECT_EQ(put(checkpoint("a", 1, "one", /*runs_on*/ false)), Stored::durable);
    open();
    StoredRoom room = *get({.id = "a"});
    EXPECT_EQ(room.owners, 0U);
    EXPECT_EQ(room.lost_ms, 0);
    EXPECT_EQ(claim(room, 300), Stored::durable);
    open();
    room = *get({.id = "a"});
    EXPECT_EQ(room.owners, 1U) << "who took it up ran on from it";
    EXPECT_GT(room.lost_ms, 0);
    EXPECT_EQ(claim(room, 600), Stored::durable);
    open();
    const StoredRoom again = *get({.id = "a"});
    EXPECT_EQ(again.owners, 2U);
    EXPECT_GT(again.lost_ms, room.lost_ms);
    EXPECT_EQ(put(checkpoint("a", 700, "two")), Stored::durable);
    EXPECT_EQ(get({.id = "a"})->owners, 1U);
}

TEST_F(SqliteStoreTest, what_may_be_lost_ends_with_the_last_sign_of_life) {
    EXPECT_EQ(put({.id = "a", .term = 1, .made_ms = 1'000'000'000'000, .runs_on = true, .bytes = bytes_of("of long ago")}), Stored::durable);
    store->renew(1'000'000'000'000, {});
    open();
    EXPECT_GT(get({.id = "a"})->lost_ms, 365LL * 86'400'000) << "it may have changed ever since";
    std::int64_t now_ms = 0;
    store->renew(now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(), {});
    open();
    EXPECT_LT(get({.id = "a"})->lost_ms, 10'000) << "nothing changed that was not durable";
}

TEST_F(SqliteStoreTest, a_room_set_aside_stays_and_comes_back_when_it_is_claimed) {
    EXPECT_EQ(put(checkpoint("a", 1, "odd")), Stored::durable);
    store->set_aside("a", "its logic is not loaded");
    store->release("a", 1);
    flush();
    open();
    const auto found = keys();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].aside, 0);
    const auto room = get(found[0]);
    ASSERT_TRUE(room);
    EXPECT_EQ(room->bytes, bytes_of("odd"));
    EXPECT_EQ(claim(*room, 300), Stored::durable);
    ASSERT_EQ(keys().size(), 1U);
    EXPECT_EQ(keys()[0].aside, 0);
    const auto set_aside = [&](int rooms) {
        for (int i = 0; i < rooms; ++i) store->put_checkpoint(checkpoint("room " + std::to_string(i), 1, "odd"), {});
        flush();
        for (int i = 0; i < rooms; ++i) store->set_aside("room " + std::to_string(i), "again");
        flush();
    };
    set_aside(100);
    EXPECT_EQ(keys().size(), 101U) << "a start without its logic loses none";
    const auto reopened = [&](const std::string& id) {  // and one more room goes aside
        store.reset();
        open();
        store->put_checkpoint(checkpoint(id, 1, "odd"), {});
        flush();
        store->set_aside(id, "again");
        flush();
    };
    settings.aside_max = 64;
    reopened("one more");
    EXPECT_EQ(keys().size(), 65U) << "the oldest went";
    settings.aside_bytes_max = 9;
    reopened("and one");
    EXPECT_EQ(keys().size(), 4U) << "three bytes each, and the one that runs";
    EXPECT_EQ(stats.rooms_set_aside.read(), 103U);
}

TEST_F(SqliteStoreTest, bytes_that_are_not_what_was_written_are_told) {
    EXPECT_EQ(put(checkpoint("a", 1, "whole")), Stored::durable);
    store.reset();
    {
        Database database;
        ASSERT_EQ(database.open(path + "/relay.db"), "");
        ASSERT_TRUE(database.run("UPDATE rooms SET bytes = x'00'"));
    }
    open();
    EXPECT_NE(get({.id = "a"})->damage, "");
}

// ---------------------------------------------------------------------------------------------- events

TEST_F(SqliteStoreTest, events_have_numbers_that_go_on_over_restarts) {
    EXPECT_EQ(store->first_event(), 1U);
    EXPECT_EQ(append({{.seq = 1, .type = "room.spawned", .room_id = "a"}, {.seq = 2, .type = "room.result", .room_id = "a", .data = "{}"}}), Stored::durable);
    store->stop();
    open();
    EXPECT_EQ(store->first_event(), 3U) << "it ended as it should";
    store->reserve_events(3);
    EXPECT_EQ(append({{.seq = 3, .type = "room.closed", .room_id = "a"}}), Stored::durable);
    const EventPage page = events(1);
    EXPECT_EQ(page.first, 1U);
    ASSERT_EQ(page.events.size(), 2U);
    EXPECT_EQ(page.events[0].type, "room.result");
    EXPECT_EQ(page.events[0].data, "{}");
    EXPECT_EQ(page.events[1].seq, 3U);
    EXPECT_EQ(events(0, 1).events.size(), 1U);
    EXPECT_EQ(stats.journal_events.read(), 3U);
}

TEST_F(SqliteStoreTest, the_oldest_events_go_by_count_and_by_bytes) {
    std::vector<StoredEvent> many;
    for (std::uint64_t seq = 1; seq <= 250; ++seq) many.push_back({.seq = seq, .type = "room.spawned"});
    EXPECT_EQ(append(many), Stored::durable);
    EXPECT_EQ(events(0).first, 151U);
    EXPECT_EQ(stats.journal_dropped.read(), 150U);
    EXPECT_EQ(append({{.seq = 251, .type = "room.message", .data = std::string(4'000, 'x')}}), Stored::durable);
    EXPECT_EQ(append({{.seq = 252, .type = "room.message", .data = std::string(4'000, 'x')}}), Stored::durable);
    EXPECT_EQ(events(0).first, 252U);
}

TEST_F(SqliteStoreTest, a_gap_is_kept_and_counted) {
    EXPECT_EQ(append({{.seq = 40, .lost_from = 11}, {.seq = 41, .type = "room.spawned"}}), Stored::durable);
    EXPECT_EQ(stats.journal_dropped.read(), 30U);
    const EventPage page = events(10);
    ASSERT_EQ(page.events.size(), 2U);
    EXPECT_EQ(page.events[0].lost_from, 11U);
}

TEST_F(SqliteStoreTest, events_carry_their_rooms_trace_and_those_of_older_relays_none) {
    EXPECT_EQ(append({{.seq = 1, .type = "room.spawned", .trace_id = "t1"}}), Stored::durable);
    EXPECT_EQ(events(0).events.at(0).trace_id, "t1");
    store.reset();
    Database older;
    ASSERT_EQ(older.open(path + "/relay.db"), "");
    ASSERT_TRUE(older.run("ALTER TABLE events DROP COLUMN trace"));
    older.close();
    open();
    EXPECT_EQ(append({{.seq = 2, .type = "room.closed", .trace_id = "t2"}}), Stored::durable);
    ASSERT_EQ(events(0).events.size(), 2U);
    EXPECT_EQ(events(0).events[0].trace_id, "");
    EXPECT_EQ(events(0).events[1].trace_id, "t2");
}

// ---------------------------------------------------------------------------------------------- trouble

TEST_F(SqliteStoreTest, bans_are_kept_until_they_end) {
    const std::int64_t soon_ms = now_since_1970_ms() + 60'000;
    const auto put = [&](StoredBan ban) { return answer_of<Stored>([&](auto then) { store->put_ban(std::move(ban), then); }); };
    const auto who = [&] {
        std::vector<std::string> names;
        for (const StoredBan& ban : answer_of<std::vector<StoredBan>>([&](auto then) { store->list_bans(then); }))
            names.push_back(ban.player_id + "/" + ban.room_id + "/" + ban.address + " " + ban.reason);
        return names;
    };
    EXPECT_EQ(put({.player_id = "ada", .until_ms = soon_ms, .reason = "first"}), Stored::durable);
    EXPECT_EQ(put({.player_id = "ada", .until_ms = soon_ms + 1, .reason = "again"}), Stored::durable);
    EXPECT_EQ(put({.player_id = "ada", .room_id = "arena", .until_ms = soon_ms + 2}), Stored::durable);
    EXPECT_EQ(put({.address = "192.0.2.0/24", .until_ms = soon_ms + 3}), Stored::durable);
    EXPECT_EQ(put({.player_id = "over", .until_ms = now_since_1970_ms() - 1}), Stored::durable);
    open();
    EXPECT_EQ(who(), (std::vector<std::string>{"ada// again", "ada/arena/ ", "//192.0.2.0/24 "}));
    EXPECT_EQ(put({.player_id = "ada"}), Stored::durable);
    EXPECT_EQ(who(), (std::vector<std::string>{"ada/arena/ ", "//192.0.2.0/24 "})) << "the other is of one room";
    open();
    EXPECT_EQ(who().size(), 2U);
}

TEST_F(SqliteStoreTest, a_kill_at_any_moment_leaves_what_was_answered) {
    store.reset();
    for (int round = 0; round < 20; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) {
            StatsShard own;
            auto opened = open_sqlite_store({.data_dir = path}, own);
            Store& mine = *std::get<std::unique_ptr<Store>>(opened);
            const std::uint32_t term = mine.new_term();
            for (std::uint32_t i = 1;; ++i) {
                const std::string text = std::to_string(term) + " " + std::to_string(i);
                answer_of<Stored>([&](auto then) { mine.put_checkpoint({.id = "a", .term = term, .made_ms = i, .runs_on = true, .bytes = bytes_of(text)}, then); });
                const std::uint32_t done[2] = {term, i};
                if (write(ends[1], done, sizeof done) < 0) _exit(1);
            }
        }
        close(ends[1]);
        std::uint32_t done[2] = {}, last[2] = {};
        for (int i = 0; i <= round % 7 && read(ends[0], done, sizeof done) == sizeof done; ++i) std::copy(done, done + 2, last);
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        while (read(ends[0], done, sizeof done) == sizeof done) std::copy(done, done + 2, last);
        close(ends[0]);
        open();
        const auto room = get({.id = "a"});
        ASSERT_TRUE(room);
        const std::string text(reinterpret_cast<const char*>(room->bytes.data()), room->bytes.size());
        EXPECT_EQ(room->damage, "");
        EXPECT_EQ(text.substr(0, text.find(' ')), std::to_string(last[0]));
        EXPECT_GE(std::stoul(text.substr(text.find(' ') + 1)), last[1]) << "what was answered is there";
        store.reset();
    }
}

TEST_F(SqliteStoreTest, a_damaged_file_is_refused_with_the_remedy_and_stays_as_it_is) {
    store.reset();
    std::filesystem::remove(path + "/relay.db-wal");
    std::ofstream(path + "/relay.db") << std::string(8'192, 'x');
    const auto opened = open_sqlite_store({.data_dir = path}, stats);
    ASSERT_TRUE(std::holds_alternative<std::string>(opened));
    EXPECT_NE(std::get<std::string>(opened).find("move it away"), std::string::npos) << std::get<std::string>(opened);
    EXPECT_EQ(std::filesystem::file_size(path + "/relay.db"), 8'192U);
}

TEST_F(SqliteStoreTest, tables_of_a_newer_relay_are_refused) {
    store.reset();
    {
        Database database;
        ASSERT_EQ(database.open(path + "/relay.db"), "");
        ASSERT_TRUE(database.run("UPDATE meta SET value = 99 WHERE key = 'format'"));
    }
    const auto opened = open_sqlite_store({.data_dir = path}, stats);
    ASSERT_TRUE(std::holds_alternative<std::string>(opened));
    EXPECT_NE(std::get<std::string>(opened).find("newer relay"), std::string::npos);
}

TEST_F(SqliteStoreTest, a_full_disk_stops_nobody_and_is_over_when_there_is_space_again) {
    store.reset();
    const std::string mounted = folder.path() + "/small";
    std::filesystem::create_directory(mounted);
    if (mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "no file system may be mounted here: run as root";
    struct Unmount {
        const std::string& what;
        ~Unmount() { umount2(what.c_str(), MNT_DETACH); }
    } unmount{mounted};
    path = mounted + "/data";
    open();
    EXPECT_EQ(put(checkpoint("a", 1, "small")), Stored::durable);
    {
        std::ofstream filler(mounted + "/filler", std::ios::binary);
        const std::string block(64 * 1024, 'x');
        while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
    }
    const std::string large(200'000, 'y');
    EXPECT_EQ(put(checkpoint("a", 1, large)), Stored::failed);
    EXPECT_EQ(stats.store_failing.read(), 1);
    EXPECT_GT(stats.store_errors.read(), 0U);
    EXPECT_EQ(get({.id = "a"})->bytes, bytes_of("small")) << "what was durable is still there";
    std::filesystem::remove(mounted + "/filler");
    for (int i = 0; stats.store_failing.read() != 0 && i < 3'000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(stats.store_failing.read(), 0) << "it is tried again by itself";
    EXPECT_EQ(get({.id = "a"})->bytes.size(), large.size()) << "without being asked again";
    EXPECT_EQ(put(checkpoint("b", 1, "more")), Stored::durable);
    store.reset();
}

}  // namespace
}  // namespace tickrelay
