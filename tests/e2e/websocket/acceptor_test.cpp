#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

std::string error_of(const std::string& address) {
    Listener listener;
    std::string error;
    EXPECT_FALSE(listener.open(address, error));
    return error;
}

TEST(Listening, on_a_taken_port_says_which_why_and_what_to_do) {
    Listener first;
    std::string error;
    ASSERT_TRUE(first.open("127.0.0.1:0", error)) << error;
    const std::string address = "127.0.0.1:" + std::to_string(first.port());
    EXPECT_EQ(error_of(address),
              "cannot listen on " + address +
                  ": Address already in use. Another program has this port: stop it or choose another port");
}

TEST(Listening, on_what_is_no_address_says_so) {
    EXPECT_NE(error_of("8350").find("cannot listen on 8350"), std::string::npos);
    EXPECT_NE(error_of("::1:8350").find("[::]:8350"), std::string::npos);
    EXPECT_NE(error_of("nowhere.example:80").find("numeric address"), std::string::npos);
    EXPECT_NE(error_of("127.0.0.1:x").find("numeric address"), std::string::npos);
    EXPECT_NE(error_of("192.0.2.1:0").find("does not have that address"), std::string::npos);
}

TEST(Accepting, deals_a_thousand_connections_out_evenly) {
    RelayUnderTest relay({}, 2);
    relay.start();
    std::vector<RawClient> clients;
    for (int i = 0; i < 1000; ++i) {
        clients.emplace_back(relay.port);
        ASSERT_TRUE(clients.back().write(upgrade_request()));
    }
    for (RawClient& client : clients) ASSERT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
    EXPECT_TRUE(eventually([&] { return relay.loops[0]->opened_count + relay.loops[1]->opened_count == 1000; }));
    EXPECT_EQ(relay.loops[0]->opened_count, 500);
    EXPECT_EQ(relay.loops[1]->opened_count, 500);
    EXPECT_EQ(relay.acceptor->counts().accepted, 1000u);
    clients.clear();
    EXPECT_TRUE(eventually([&] { return relay.loops[0]->closed_count + relay.loops[1]->closed_count == 1000; }));
}

TEST(Accepting, on_all_addresses_takes_both_families) {
    RelayUnderTest relay({}, 1, "[::]:0");
    relay.start();
    std::string peer;
    for (const std::string host : {"127.0.0.1", "::1"}) {
        RawClient client(relay.port, host);
        if (!client.connected()) GTEST_SKIP() << "no " << host << " on this machine";
        ASSERT_TRUE(client.upgrade());
        relay.loop().run([&](LwsSockets& sockets) { peer = to_string(sockets.peer(relay.loop().last_opened)); });
        EXPECT_EQ(peer, host);
    }
}

TEST(Accepting, those_not_admitted_are_closed_at_once) {
    std::atomic<int> handed_over{0};
    Acceptor acceptor({.addresses = {"127.0.0.1:0"},
                       .loops = 1,
                       .admit = [](const PeerAddress&) { return false; },
                       .hand_over = [&](std::size_t, const Accepted&) { ++handed_over; }});
    std::string error;
    ASSERT_TRUE(acceptor.open(error)) << error;
    acceptor.start();
    const std::uint16_t port = acceptor.port();
    RawClient client(port);
    EXPECT_TRUE(client.ended());
    acceptor.stop();
    EXPECT_EQ(handed_over, 0);
    EXPECT_EQ(acceptor.counts().refused, 1u);
    EXPECT_FALSE(RawClient(port).connected());
}

// Takes every free descriptor but `free_count`, below a lowered limit.
class FewDescriptors {
  public:
    explicit FewDescriptors(int free_count) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit low = before_;
        low.rlim_cur = 256;
        setrlimit(RLIMIT_NOFILE, &low);
        for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.push_back(fd);
        while (free_count-- > 0) give_back();
    }
    ~FewDescriptors() {
        while (!taken_.empty()) give_back();
        setrlimit(RLIMIT_NOFILE, &before_);
    }
    void give_back() {
        close(taken_.back());
        taken_.pop_back();
    }

  private:
    rlimit before_{};
    std::vector<int> taken_;
};

TEST(Accepting, without_descriptors_closes_counts_and_recovers) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "where no descriptor is left the sanitizer cannot look at an object's type, and calls that a fault";
#endif
    RelayUnderTest relay;
    relay.start();
    RawClient before(relay.port);
    ASSERT_TRUE(before.upgrade());
    {
        FewDescriptors few(1);
        RawClient client(relay.port);  // takes the last one
        ASSERT_TRUE(client.connected());
        EXPECT_TRUE(client.ended());
        EXPECT_TRUE(eventually([&] { return relay.acceptor->counts().exhausted >= 1; }));
        before.send(binary, "still served");
        EXPECT_EQ(before.read_frame()->payload, "still served");
    }
    EXPECT_LT(relay.acceptor->counts().exhausted, 10u);  // it did not spin
    RawClient after(relay.port);
    EXPECT_TRUE(after.upgrade());
}

}  // namespace
}  // namespace tickrelay::test
