// The shipped haproxy.cfg before two relays of a fleet: TLS, PROXY headers, health checks, a path for each node, and a node that goes out of
// rotation with its players following by the balancer.

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/e2e/fleet/crowd.h"
#include "tests/e2e/play/child.h"
#include "tests/e2e/websocket/raw_client.h"
#include "tests/unit/client/certificate.h"

namespace tickrelay::test {
namespace {

std::string haproxy() {
    for (const char* path : {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"})
        if (std::filesystem::exists(path)) return path;
    return {};
}

// HAProxy on free ports; its relays are told before it starts. Owner: one test.
class Balancer {
  public:
    Balancer() {
        const std::vector<std::uint16_t> ports = free_ports(3);
        players = ports[0];
        metrics_ = ports[1];
        nobody_ = ports[2];
        std::ifstream certificate_file(certificate.certificate()), key_file(certificate.key());
        std::ofstream both(certificate.certificate() + ".both");
        both << certificate_file.rdbuf() << key_file.rdbuf();
    }
    void start(const RelayProcess& a, const RelayProcess& b) {
        const auto set = [](const char* name, const std::string& value) { setenv(name, value.c_str(), 1); };
        const auto server = [&](const std::string& name, std::uint16_t port, std::uint16_t ops) {
            set(name.c_str(), "127.0.0.1:" + std::to_string(port));
            set((name + "_OPS").c_str(), std::to_string(ops));
        };
        set("TICKRELAY_BIND", "127.0.0.1:" + std::to_string(players));
        set("TICKRELAY_CONNECTIONS", "200");  // descriptors of a test are few
        set("TICKRELAY_METRICS", "127.0.0.1:" + std::to_string(metrics_));
        set("TICKRELAY_CERT", certificate.certificate() + ".both");
        server("TICKRELAY_A", a.port(), a.ops_port());
        server("TICKRELAY_B", b.port(), b.ops_port());
        server("TICKRELAY_C", nobody_, nobody_);
        process_ = std::make_unique<Child>(std::vector<std::string>{haproxy(), "-db", "-q", "-f", TICKRELAY_DEPLOY "/haproxy.cfg"});
    }
    // Whether it sends players to this server of a backend.
    [[nodiscard]] bool up(const std::string& backend, const std::string& name) const {
        RawClient http(metrics_);
        if (!http.connected() || !http.write("GET /metrics HTTP/1.0\r\nHost: haproxy\r\n\r\n")) return false;
        return http.read_until("no such line, and so all").find("haproxy_server_status{proxy=\"" + backend + "\",server=\"" + name + "\",state=\"UP\"} 1") != std::string::npos;
    }
    [[nodiscard]] std::string url() const { return "wss://localhost:" + std::to_string(players); }
    [[nodiscard]] ClientOptions trusting() const { return {.ca_file = certificate.certificate()}; }

    std::uint16_t players = 0;
    Certificate certificate;

  private:
    std::uint16_t metrics_ = 0, nobody_ = 0;
    std::unique_ptr<Child> process_;
};

class BehindHaproxy : public testing::Test {
  protected:
    void SetUp() override {
        if (haproxy().empty()) GTEST_SKIP() << "needs haproxy: tools/packages test";
        fleet.configuration_first = "trusted_proxies = [\"127.0.0.1\"]\n";
        ASSERT_TRUE(eventually([&] { return fleet.nats.ready(); }, std::chrono::seconds(60)));
        for (const std::string name : {"a", "b"}) {
            fleet.arguments = {"--public-url", balancer.url() + "/n/" + name + "/v1"};
            fleet.relays.push_back(fleet.started(name));
            ASSERT_TRUE(fleet.relays.back()->ready()) << fleet.relays.back()->log();
        }
        balancer.start(*fleet.relays[0], *fleet.relays[1]);
        for (std::size_t i = 0; i < 2; ++i)
            ASSERT_TRUE(eventually([&] { return balancer.up("any", name(i)) && fleet.answer(i, "fleet.nodes", "{}")["result"]["nodes"].size() == 2; }));
        for (int i = 0; i < 6; ++i) {
            const std::string id = "room-" + std::to_string(i);
            ASSERT_TRUE(fleet.answer(0, "room.spawn", R"({"type":"arena","id":")" + id + "\"}").contains("result"));
            crowd.enter(balancer.url(), balancer.trusting(), id);
        }
        ASSERT_TRUE(crowd.all_joined());
    }
    static std::string name(std::size_t relay) { return relay == 0 ? "a" : "b"; }

    Balancer balancer;
    Fleet fleet;
    Crowd crowd;
};

TEST_F(BehindHaproxy, ADrainedNodeLeavesTheRotationAndItsPlayersFollowToTheOther) {
    EXPECT_EQ(fleet.relays[0]->metric("tickrelay_players") + fleet.relays[1]->metric("tickrelay_players"), 12);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_GE(fleet.rooms(i), 1U);
        EXPECT_EQ(fleet.relays[i]->metric("tickrelay_refused_total{reason=\"proxy_header\"}"), 0) << "each connection began with one";
    }
    crowd.play(std::chrono::milliseconds(500));
    const std::size_t had = fleet.rooms(0);

    // Whoever comes now is sent to b; who plays on a goes on until the room is on b, and then follows by /n/b/v1.
    ASSERT_TRUE(fleet.answer(0, "relay.drain", R"({"deadline_s":60})").contains("result"));
    const auto there = [&] { return fleet.rooms(1) == 6 && fleet.rooms(0) == 0; };
    EXPECT_TRUE(crowd.until([&] { return there() && !balancer.up("any", "a"); }));
    EXPECT_TRUE(balancer.up("node-a", "a")) << "who has a seat there still reaches it";
    ASSERT_TRUE(crowd.until([&] { return fleet.relays[0]->metric("tickrelay_connections") == 0; }));
    const std::string came = "tickrelay_closed_total{reason=\"moved\"}";
    const double before = fleet.relays[0]->metric(came);
    for (int i = 0; i < 4; ++i) {
        Guest late(balancer.url(), balancer.trusting());
        late.join_by_id("room-" + std::to_string(i), {.player_id = "late"});
        EXPECT_TRUE(crowd.until([&] {
            late.client.poll();
            return late.joined;
        })) << late.left_reason;
        late.room->leave();
        crowd.until([&] {
            late.client.poll();
            return late.left != 0;
        });
    }
    EXPECT_EQ(fleet.relays[0]->metric(came), before) << "somebody was sent to the node that drains";

    std::atomic<bool> ended{false};
    std::thread ends([&] {
        EXPECT_EQ(fleet.relays[0]->terminate(), 0);
        ended = true;
    });
    while (!ended) crowd.step();
    ends.join();
    // Its path leads to whoever knows.
    Guest late(balancer.url() + "/n/a/v1", balancer.trusting());
    ASSERT_TRUE(crowd.until([&] { return !balancer.up("node-a", "a"); }));
    late.join_by_id("room-0", {.player_id = "late"});
    EXPECT_TRUE(crowd.until([&] {
        late.client.poll();
        return late.joined;
    })) << late.left_reason;
    crowd.play(std::chrono::milliseconds(500));
    crowd.expect_whole();
    int followed = 0;
    for (const auto& each : crowd.members) followed += each->guest.returns;
    EXPECT_EQ(followed, static_cast<int>(2 * had));
}

TEST_F(BehindHaproxy, ANodeThatIsKilledLosesNobody) {
    crowd.play(std::chrono::milliseconds(1'500));  // a checkpoint holds all
    fleet.relays[1]->kill_it();
    EXPECT_TRUE(crowd.until([&] {
        return fleet.rooms(0) == 6 && std::ranges::all_of(crowd.members, [](const auto& each) { return each->guest.connected(); });
    }));
    for (const auto& each : crowd.members) EXPECT_EQ(each->guest.left, 0) << each->room << " " << each->guest.left_reason;
}

// relay/examples/CHAT.md, section 7: the room's checkpoint, what was said included, is in JetStream.
TEST_F(BehindHaproxy, AChatKeepsItsHistoryWhereverItIs) {
    const std::string lobby = R"({"room_id":"lobby"})";
    ASSERT_TRUE(fleet.answer(0, "room.spawn", R"({"type":"chat","id":"lobby","history":5,"empty_ttl_s":0})").contains("result"));
    const auto enter = [&](Guest& guest, const std::string& name) { guest.join_by_id("lobby", {.player_id = name}); };
    Guest ada(balancer.url(), balancer.trusting()), bob(balancer.url(), balancer.trusting());
    enter(ada, "ada");
    enter(bob, "bob");
    const auto wait = [&](const std::vector<Guest*>& guests, const std::function<bool()>& condition) {
        return poll_until([&] { for (Guest* guest : guests) guest->client.poll(); }, condition, std::chrono::seconds(30));
    };
    ASSERT_TRUE(wait({&ada, &bob}, [&] { return ada.joined && bob.joined; })) << ada.left_reason << bob.left_reason;
    const auto say = [&](Guest& who, const std::string& text) {
        who.room->send("say", text);
        return wait({&ada, &bob}, [&] { return ada.count("say " + text) == 1 && bob.count("say " + text) == 1; });
    };
    for (const char* text : {"one", "two", "three", "four"}) EXPECT_TRUE(say(ada, text)) << text;
    const std::size_t at = fleet.answer(0, "room.info", lobby)["result"]["node"] == "a" ? 0 : 1;
    ASSERT_TRUE(fleet.kept(at, [&] { for (Guest* each : {&ada, &bob}) each->client.poll(); }));
    fleet.relays[at]->kill_it();
    ASSERT_TRUE(wait({&ada, &bob}, [&] { return ada.returns + ada.rollbacks == 1 && bob.returns + bob.rollbacks == 1; })) << ada.left_reason << bob.left_reason;
    EXPECT_TRUE(say(bob, "five"));
    Guest late(balancer.url(), balancer.trusting());
    enter(late, "late");
    ASSERT_TRUE(wait({&ada, &bob, &late}, [&] { return late.count("say five") == 1; })) << late.left_reason;
    std::vector<std::string> said;
    std::ranges::copy_if(late.heard, std::back_inserter(said), [](const std::string& line) { return line.starts_with("say "); });
    // That it came is the fifth.
    EXPECT_EQ(said, (std::vector<std::string>{"say two", "say three", "say four", "say five"}));
    for (const Guest* each : {&ada, &bob}) EXPECT_EQ(each->count("say one") + each->count("say four"), 2U) << "said again after the crash";
}

}  // namespace
}  // namespace tickrelay::test
