#include "relay/door/event_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace tickrelay {
namespace {

RelayEvent closed(const std::string& room) { return {.type = RelayEventType::room_closed, .room_id = room}; }

TEST(EventRing, NumbersRiseFromOne) {
    EventRing ring;
    EventWriter writer(ring);
    writer.push(closed("a"));
    writer.push(closed("b"));
    const auto batch = ring.read(0, {}, 10);
    ASSERT_EQ(batch.events.size(), 2U);
    EXPECT_EQ(batch.events[0].seq, 1U);
    EXPECT_EQ(batch.events[1].room_id, "b");
    EXPECT_EQ(batch.cursor, 2U);
    EXPECT_EQ(batch.lost_from, 0U);
    EXPECT_TRUE(ring.read(batch.cursor, {}, 10).events.empty());
}

TEST(EventRing, AFilterPassesOverTheRest) {
    EventRing ring;
    EventWriter writer(ring);
    for (const auto* room : {"a", "b", "a"}) writer.push(closed(room));
    const auto batch = ring.read(0, {.room_id = "b", .types = {RelayEventType::room_closed}}, 10);
    ASSERT_EQ(batch.events.size(), 1U);
    EXPECT_EQ(batch.events[0].seq, 2U);
    EXPECT_EQ(batch.cursor, 3U) << "the cursor moves over what the filter leaves out";
}

TEST(EventRing, IsBoundedByBytesToo) {
    EventRing ring(100, 10'000);
    EventWriter writer(ring);
    for (int i = 0; i < 10; ++i)
        writer.push({.type = RelayEventType::room_message, .room_id = "a", .data = std::string(3000, 'x')});
    const auto batch = ring.read(0, {}, 100);
    EXPECT_EQ(batch.lost_from, 1U);
    EXPECT_EQ(batch.lost_to, 7U);
    EXPECT_EQ(batch.events.size(), 3U);
}

TEST(EventRing, ACursorOfAnotherLifeStartsAtThePresent) {
    EventRing ring;
    EventWriter writer(ring);
    writer.push(closed("a"));
    EXPECT_EQ(ring.read(1'000, {}, 10).cursor, 1U);
}

struct Shelf final : EventArchive {
    std::optional<Page> read(std::uint64_t after, std::size_t count) override {
        if (away) return std::nullopt;
        Page page;
        std::size_t records = 0;
        for (const std::uint64_t seq : numbers) {
            if (seq <= after || records == count) continue;
            ++records;
            page.last = seq;
            if (seq != gap) page.events.push_back({.seq = seq, .room_id = "archived"});
        }
        page.whole = records < count;
        return page;
    }
    std::vector<std::uint64_t> numbers;
    std::uint64_t gap = 0;  // the record of one
    bool away = false;
};

TEST(EventRing, WhatItNoLongerHasComesFromItsArchiveAndGapsAreTold) {
    EventRing ring(4);
    Shelf shelf;
    ring.begin_at(101);
    ring.set_archive(&shelf);
    for (std::uint64_t seq = 1; seq <= 50; ++seq) shelf.numbers.push_back(seq);  // 51 to 100 were lost with an earlier life
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(ring.push(closed("r")), 101U + static_cast<unsigned>(i));
        shelf.numbers.push_back(101 + static_cast<std::uint64_t>(i));
    }
    std::uint64_t cursor = 10;
    std::vector<std::uint64_t> seen;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;
    for (int turns = 0; cursor < ring.last() && turns < 100; ++turns) {
        const auto batch = ring.read(cursor, {}, 7);
        if (batch.lost_from != 0) lost.emplace_back(batch.lost_from, batch.lost_to);
        for (const RelayEvent& event : batch.events) seen.push_back(event.seq);
        cursor = batch.cursor;
    }
    ASSERT_EQ(seen.size(), 40U + 10U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(lost, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{51, 100}}));
    shelf.away = true;
    const auto later = ring.read(10, {}, 7);
    EXPECT_EQ(later.cursor, 10U) << "not now is not lost";
    EXPECT_EQ(later.lost_from, 0U);
    EXPECT_EQ(ring.read(107, {}, 7).events.size(), 3U) << "the ring itself has these";
}

TEST(EventRing, AGapInItsArchiveHidesNothingBehindIt) {
    EventRing ring(4);
    Shelf shelf;
    ring.begin_at(1'001);
    ring.set_archive(&shelf);
    for (std::uint64_t seq = 1; seq <= 1'000; ++seq) shelf.numbers.push_back(seq);
    shelf.gap = 50;
    ring.push(closed("r"));
    std::size_t seen = 0;
    std::uint64_t cursor = 0, lost = 0;
    for (int turns = 0; cursor < 1'000 && turns < 1'000; ++turns) {
        const auto batch = ring.read(cursor, {}, 32);
        if (batch.lost_from != 0) lost += batch.lost_to - batch.lost_from + 1;
        seen += batch.events.size();
        cursor = batch.cursor;
    }
    EXPECT_GE(seen, 999U);
    EXPECT_EQ(lost, 1U);
    // What its filter passes over is no loss either.
    const auto none = ring.read(0, {.room_id = "another"}, 32);
    EXPECT_LE(none.cursor, 128U);
}

TEST(EventRing, NamesAndTypesAgree) {
    for (int i = 0; i <= static_cast<int>(RelayEventType::relay_undrained); ++i) {
        RelayEventType found{};
        ASSERT_TRUE(find_event_type(name_of(static_cast<RelayEventType>(i)), found));
        EXPECT_EQ(static_cast<int>(found), i);
    }
    RelayEventType none{};
    EXPECT_FALSE(find_event_type("room", none));
}

TEST(EventRing, ManyWritersLoseNothingThatIsNotTold) {
    EventRing ring(1'000'000, 1'000'000'000);
    constexpr std::uint64_t each = 20'000;
    std::atomic<bool> all_read{false};
    const auto write = [&](const char* name) {
        EventWriter writer(ring);
        for (std::uint64_t i = 0; i < each; ++i) writer.push(closed(name));
        // A worker calls flush() at its next tick.
        while (!all_read) {
            writer.flush();
            std::this_thread::yield();
        }
    };
    std::uint64_t seen = 0, lost = 0, cursor = 0;
    {
        std::jthread first(write, "a"), second(write, "b");
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (cursor < 2 * each && std::chrono::steady_clock::now() < until) {
            const auto batch = ring.read(cursor, {}, 100);
            if (batch.lost_from != 0) lost += batch.lost_to - batch.lost_from + 1;
            seen += batch.events.size();
            cursor = batch.cursor;
        }
        all_read = true;
    }
    EXPECT_EQ(seen + lost, 2 * each);
}

}  // namespace
}  // namespace tickrelay
