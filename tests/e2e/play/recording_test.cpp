// Recorded matches as live rooms at their own rate: whatever eight clients show at any moment is what was recorded.
//
// `tickrelay-bench replay` writes a recording into a room, and each recorded tick's number into entity 0 after it. A recorded tick of more
// than 64 changes travels in several messages: where the machine held the writer up between them, one tick of the room shows a part of the
// next recorded tick already. Such ticks are counted apart; all clients must agree on them, too.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "bench/load/recorded_schema.h"
#include "bench/load/recording.h"
#include "bench/load/synthetic_recording.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

constexpr double play_s = 20;
constexpr std::size_t clients = 8;

// Order of entities does not count: their ids are the room's own.
std::uint64_t hash(std::size_t type, Bytes value) {
    std::uint64_t sum = 14'695'981'039'346'656'037U + type;
    for (const std::uint8_t byte : value) sum = (sum ^ byte) * 1'099'511'628'211U;
    return sum ^ sum >> 29;
}

class Expected {
  public:
    Expected(const bench::Recording& recording, const bench::RecordedSchema& schema) : recording_(recording), schema_(schema) {}

    std::uint64_t at(std::size_t tick) {
        const auto [known, fresh] = sums_.try_emplace(tick, 0);
        if (!fresh) return known->second;
        recording_.tick(tick, entities_);
        for (const bench::RecordedEntity& entity : entities_) {
            pack(entity);
            known->second += hash(entity.type, struct_);
        }
        return known->second;
    }

  private:
    // As FlatBuffers lays out a struct: each field aligned to its size, the whole to the largest.
    void pack(const bench::RecordedEntity& entity) {
        struct_.clear();
        std::size_t largest = 1;
        const auto align = [this](std::size_t to) { struct_.resize((struct_.size() + to - 1) / to * to); };
        for (std::size_t field = 0; field < entity.values.size(); ++field) {
            const std::size_t bytes = schema_.columns[entity.type].field_bytes[field];
            align(bytes);
            largest = std::max(largest, bytes);
            const auto* value = reinterpret_cast<const std::uint8_t*>(&entity.values[field]);
            struct_.insert(struct_.end(), value, value + bytes);
        }
        align(largest);
    }

    const bench::Recording& recording_;
    const bench::RecordedSchema& schema_;
    std::vector<bench::RecordedEntity> entities_;
    std::vector<std::uint8_t> struct_;
    std::map<std::size_t, std::uint64_t> sums_;
};

pid_t start_replay(const RelayProcess& relay, const std::string& file, std::size_t ticks) {
    const std::string url = relay.url(), admin = relay.admin(), count = std::to_string(ticks), log = relay.folder() + "/replay.log";
    const pid_t process = fork();
    if (process != 0) return process;
    if (std::freopen(log.c_str(), "w", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
    execl(TICKRELAY_BENCH, TICKRELAY_BENCH, "replay", file.c_str(), "--url", url.c_str(), "--admin", admin.c_str(), "--room", "match",
          "--codec", "plain", "--ticks", count.c_str(), static_cast<char*>(nullptr));
    _exit(127);
}

std::vector<std::uint8_t> bytes_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Match : public ::testing::TestWithParam<const char*> {
  protected:
    // The recording's path and what is in it. Where the recorded matches are not at hand, one made from a seed.
    std::pair<std::string, bench::Recording> recording() {
        const std::string path = std::string(TICKRELAY_TRACES) + "/" + GetParam();
        if (std::filesystem::exists(path)) return {path, bench::Recording::parse(bytes_of_file(path))};
        std::printf("%s is missing: a synthetic recording is played in its place\n", GetParam());
        const std::string made = relay.folder() + "/synthetic.gsr";
        const auto bytes = bench::synthetic_recording({.seed = 7, .ticks = 300, .hz = 30});
        std::ofstream(made, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return {made, bench::Recording::parse(bytes)};
    }
    void watch(const bench::Recording& recording, const bench::RecordedSchema& schema);
    bool joined() const {
        return std::all_of(guests.begin(), guests.end(), [](const auto& guest) { return guest->joined; });
    }

    RelayProcess relay;
    std::vector<std::unique_ptr<Guest>> guests;
    std::map<std::uint32_t, std::uint64_t> seen;  // by the room's tick: one sum for all who saw it
    std::size_t equal = 0, torn = 0, disagreed = 0;
    std::uint32_t newest = 0;
};

void Match::watch(const bench::Recording& recording, const bench::RecordedSchema& schema) {
    const auto expected = std::make_shared<Expected>(recording, schema);
    for (std::size_t i = 0; i < clients; ++i) {
        Guest& guest = *guests.emplace_back(std::make_unique<Guest>(relay.url()));
        guest.join_by_id("match", {.player_id = "viewer " + std::to_string(i)});
        guest.room->on_state_change([this, expected, &schema](const State& state) {
            const Bytes tick = state.bytes(0, schema.tick_component);
            if (tick.size() != sizeof(std::uint32_t)) return;
            std::uint32_t number = 0;
            std::memcpy(&number, tick.data(), sizeof number);
            std::uint64_t sum = 0;
            for (std::size_t type = 0; type < schema.columns.size(); ++type)
                for (const EntityId entity : state.with(schema.columns[type].component))
                    sum += hash(type, state.bytes(entity, schema.columns[type].component));
            ++(sum == expected->at(number) ? equal : torn);
            if (const auto [first, fresh] = seen.try_emplace(state.tick(), sum); !fresh && first->second != sum) ++disagreed;
            newest = std::max(newest, number);
        });
    }
}

TEST_P(Match, IsShownAsItWasRecorded) {
    ASSERT_TRUE(relay.ready());
    const auto [file, match] = recording();
    const bench::RecordedSchema schema = bench::recorded_schema(match);
    const std::size_t ticks = std::min(match.ticks(), static_cast<std::size_t>(play_s * match.hz()));
    const pid_t writer = start_replay(relay, file, ticks);
    const bool made = eventually([&] { return relay.call("room.info", R"({"room_id":"match"})").find("\"result\"") != std::string::npos; });
    if (made) watch(match, schema);
    int status = -1;
    const bool ended = made && eventually([&] {
        for (const auto& guest : guests) guest->client.poll();
        return waitpid(writer, &status, WNOHANG) == writer;
    }, 3 * long_enough);
    if (!ended) {
        kill(writer, SIGKILL);
        waitpid(writer, nullptr, 0);
    }
    const std::vector<std::uint8_t> log = bytes_of_file(relay.folder() + "/replay.log");
    ASSERT_TRUE(ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) << std::string(log.begin(), log.end());
    std::printf("%s: %zu clients saw %zu states as recorded, %zu between two recorded ticks, up to tick %u of %zu\n", GetParam(), clients, equal,
                torn, newest, ticks);
    EXPECT_TRUE(joined());
    EXPECT_EQ(disagreed, 0U) << "clients that are at the same tick hold the same state";
    EXPECT_GE(newest + 5, ticks);
    EXPECT_GE(equal, clients * ticks / 2) << "most ticks are seen";
    EXPECT_LE(torn, equal / 20);
}

INSTANTIATE_TEST_SUITE_P(Of, Match, ::testing::Values("cubes31.gsr.xz", "ped_bi.gsr.xz", "rl_rlcs2.gsr.xz"), [](const auto& trace) {
    const std::string name = trace.param;
    return name.substr(0, name.find('.'));
});

}  // namespace
}  // namespace tickrelay::test
