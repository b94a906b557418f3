// A fleet of relays on NATS, and players in its rooms. Owner: one test.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "schema/arena_generated.h"
#include "tests/e2e/fleet/nats_servers.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {

inline constexpr const char* fleet_types = R"(
drain_deadline = 20

[type.arena]
schema = "arena.bfbs"
tick_rate = 30
empty_ttl_s = 600
grace_s = 60
)";

inline arena::Transform standing_at(float x, float z = 0) { return {arena::Vec3(x, 0, z), 0}; }

class Fleet {
  public:
    using Json = nlohmann::json;

    explicit Fleet(std::size_t nats = 1, double lease_s = 10) : nats(nats), lease_s_(lease_s) {}

    void start(std::size_t count) {
        ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60))) << nats.log(0);
        for (std::size_t i = 0; i < count; ++i) ASSERT_NO_FATAL_FAILURE(add());
        // Each knows all of them: two beats.
        for (std::size_t i = 0; i < count; ++i)
            ASSERT_TRUE(eventually([&] { return answer(i, "fleet.nodes", "{}")["result"]["nodes"].size() == count; }));
    }

    // A node with a name of its own.
    void add() {
        const std::string name = "node-" + std::to_string(relays.size());
        relays.push_back(started(name));
        ASSERT_TRUE(relays.back()->ready()) << relays.back()->log();
    }

    [[nodiscard]] std::unique_ptr<RelayProcess> started(const std::string& name, const std::string& listen = "127.0.0.1:0") const {
        std::vector<std::string> all{"--dev", "--nats", nats_urls.empty() ? nats.urls() : nats_urls, "--node-name", name};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return std::make_unique<RelayProcess>(RelaySettings{
            .configuration = configuration_first + fleet_types + ("\n[store]\ncheckpoint_interval = 0.5\n" + configuration_store + "\n[fleet]\nlease = " + std::to_string(lease_s_)) + "\n" + configuration,
            .arguments = all,
            .listen = listen});
    }

    [[nodiscard]] Json answer(std::size_t relay, const std::string& method, const std::string& params) const {
        if (!relays[relay]) return Json::object();
        Json got = Json::parse(relays[relay]->call(method, params), nullptr, false);
        return got.is_object() ? got : Json::object();
    }
    // As asked of this relay; the number of the node where the room is.
    std::size_t spawn(std::size_t relay, const std::string& id) const {
        const Json got = answer(relay, "room.spawn", R"({"type":"arena","id":")" + id + "\"}");
        EXPECT_TRUE(got.contains("result")) << got.dump();
        return got.contains("result") ? node_number(got["result"]["node"]) : relays.size();
    }
    [[nodiscard]] static std::size_t node_number(const std::string& node) { return static_cast<std::size_t>(std::stoul(node.substr(5))); }

    // The node that says it runs the room, asked at any; relays.size() where none does.
    [[nodiscard]] std::size_t owner(const std::string& id) const {
        for (std::size_t i = 0; i < relays.size(); ++i) {
            const Json got = answer(i, "room.info", R"({"room_id":")" + id + "\"}");
            if (got.contains("result")) return node_number(got["result"]["node"]);
        }
        return relays.size();
    }
    [[nodiscard]] std::size_t rooms(std::size_t relay) const {
        const Json got = answer(relay, "relay.info", "{}");
        return got.contains("result") ? got["result"]["rooms"].get<std::size_t>() : 0;
    }

    // Waits until all that its quiet rooms hold is in checkpoints: no change waits, and an interval later neither.
    [[nodiscard]] bool kept(std::size_t relay, const std::function<void()>& poll) const {
        const auto none_waits = [&] { return relays[relay]->metric("tickrelay_checkpoint_age_seconds") == 0; };
        if (!poll_until(poll, none_waits, std::chrono::seconds(30))) return false;
        poll_until(poll, [] { return false; }, std::chrono::milliseconds(600));
        return poll_until(poll, none_waits, std::chrono::seconds(30));
    }

    NatsServers nats;
    std::vector<std::unique_ptr<RelayProcess>> relays;
    // Of nodes that start from now on.
    std::string nats_urls;  // empty: all servers'
    std::vector<std::string> arguments;
    std::string configuration_first;  // keys outside of sections
    std::string configuration_store;  // of [store]
    std::string configuration;        // of [fleet], then further sections

  private:
    double lease_s_;
};

}  // namespace tickrelay::test
