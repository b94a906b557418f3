#include "relay/door/admin.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "relay/door/admin_path.h"
#include "relay/log.h"
#include "tests/unit/door/fake_controls.h"

namespace tickrelay {
namespace {

using nlohmann::json;
constexpr const char* info_line = R"({"jsonrpc":"2.0","id":1,"method":"relay.info"})";

class Peer {
  public:
    explicit Peer(const std::string& path) : fd_(connect_unix(path).fd) {}
    ~Peer() { close(fd_); }
    [[nodiscard]] bool connected() const { return fd_ >= 0; }
    void write(const std::string& text) const {
        for (std::size_t sent = 0; sent < text.size();) {
            const auto took = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (took <= 0) return;
            sent += static_cast<std::size_t>(took);
        }
    }
    void end_writing() const { shutdown(fd_, SHUT_WR); }
    // One line, or what came until the end or 5 s of silence.
    std::string line() {
        while (in_.find('\n') == std::string::npos) {
            pollfd wait{fd_, POLLIN, 0};
            char bytes[4096];
            const auto got = poll(&wait, 1, 5'000) > 0 ? recv(fd_, bytes, sizeof bytes, 0) : -1;
            if (got <= 0) {
                ended_ = got == 0;
                return std::exchange(in_, {});
            }
            in_.append(bytes, static_cast<std::size_t>(got));
        }
        std::string first = in_.substr(0, in_.find('\n'));
        in_.erase(0, first.size() + 1);
        return first;
    }
    [[nodiscard]] bool ended() const { return ended_; }

  private:
    int fd_;
    std::string in_;
    bool ended_ = false;
};

class AdminTest : public testing::Test {
  protected:
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("tickrelay-admin-" + std::to_string(getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::string path = folder / "admin.sock";
    FakeControls controls;
    EventRing events;
    AdminSocket admin{controls, events};

    void SetUp() override { std::filesystem::create_directory(folder); }
    void TearDown() override {
        admin.stop();
        std::filesystem::remove_all(folder);
    }
    void start() {
        const auto error = admin.start(path);
        ASSERT_FALSE(error) << *error;
    }
};

TEST_F(AdminTest, AnswersLineByLine) {
    start();
    Peer peer(path);
    peer.write(std::string(info_line) + "\r\n\n" + std::string(info_line).substr(0, 10));
    EXPECT_EQ(json::parse(peer.line()).at("result").at("node"), "node-a");
    peer.write(std::string(info_line).substr(10) + "\n" + info_line + "\n");
    EXPECT_EQ(json::parse(peer.line()).at("id"), 1);
    EXPECT_EQ(json::parse(peer.line()).at("id"), 1);
}

TEST_F(AdminTest, ALastLineWithoutItsBreakIsAnswered) {
    start();
    Peer peer(path);
    peer.write(info_line);
    peer.end_writing();
    EXPECT_EQ(json::parse(peer.line()).at("id"), 1);
    EXPECT_EQ(peer.line(), "");
    EXPECT_TRUE(peer.ended());
}

TEST_F(AdminTest, TheSocketIsForItsOwnerAlone) {
    start();
    struct stat found {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST_F(AdminTest, ALiveSocketIsNotStolenAndAStaleOneIsReplaced) {
    start();
    AdminSocket second(controls, events);
    const auto error = second.start(path);
    ASSERT_TRUE(error);
    EXPECT_NE(error->find("already answers at " + path), std::string::npos) << *error;
    EXPECT_NE(error->find("process " + std::to_string(getpid())), std::string::npos) << *error;
    EXPECT_TRUE(Peer(path).connected());
    admin.stop();
    EXPECT_FALSE(std::filesystem::exists(path)) << "removed at the end";
    const auto dead = listen_unix(path, 1);
    close(std::get<UnixListener>(dead).fd);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_FALSE(second.start(path));
    EXPECT_TRUE(Peer(path).connected());
}

TEST_F(AdminTest, AFileIsNotTakenForASocket) {
    std::ofstream(path) << "precious";
    const auto error = admin.start(path);
    ASSERT_TRUE(error);
    EXPECT_NE(error->find("not a socket"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_TRUE(admin.start((folder / std::string(120, 'x')).string())->find("bytes") != std::string::npos);
}

TEST_F(AdminTest, AnOverlongLineEndsTheConnection) {
    start();
    Peer peer(path);
    peer.write(std::string(admin_line_bytes_max + 100'000, 'x'));
    EXPECT_EQ(json::parse(peer.line()).at("error").at("data").at("reason"), "too_large");
    EXPECT_EQ(peer.line(), "");
    EXPECT_TRUE(Peer(path).connected()) << "others go on";
}

TEST_F(AdminTest, AClientThatDoesNotReadIsNotReadFrom) {
    for (int i = 0; i < 2'000; ++i) controls.add_room("room-" + std::to_string(i));
    start();
    Peer lazy(path);
    Peer busy(path);
    std::string many;
    for (int i = 0; i < 20; ++i)
        many += R"({"jsonrpc":"2.0","id":1,"method":"room.list","params":{"limit":1000}})"
                "\n";
    lazy.write(many);
    for (int i = 0; i < 20; ++i) {
        busy.write(std::string(info_line) + "\n");
        EXPECT_FALSE(busy.line().empty());
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(json::parse(lazy.line()).at("result").at("rooms").size(), 1'000U);
}

TEST_F(AdminTest, EventsArriveAsTheyHappen) {
    start();
    Peer peer(path);
    peer.write(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe"})"
               "\n");
    EXPECT_EQ(json::parse(peer.line()).at("result").at("seq"), 0);
    peer.end_writing();  // who only listens may
    EventWriter writer(events);
    writer.push({.type = RelayEventType::player_left, .room_id = "a", .player_id = "ada", .label = "kicked"});
    writer.flush();
    const json event = json::parse(peer.line());
    EXPECT_EQ(event.at("method"), "event");
    EXPECT_EQ(event.at("params").at("reason"), "kicked");
}

TEST_F(AdminTest, ClientsAreBounded) {
    start();
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::size_t i = 0; i < admin_clients_max; ++i) peers.push_back(std::make_unique<Peer>(path));
    for (auto& peer : peers) {
        peer->write(std::string(info_line) + "\n");
        ASSERT_FALSE(peer->line().empty());
    }
    Peer late(path);
    late.write(std::string(info_line) + "\n");
    peers.clear();
    EXPECT_FALSE(late.line().empty()) << "waits for a place";
}

TEST_F(AdminTest, EveryCallLeavesAnAuditLine) {
    controls.add_room("a");
    start();
    testing::internal::CaptureStderr();
    Peer peer(path);
    peer.write(R"({"jsonrpc":"2.0","id":1,"method":"room.close","params":{"room_id":"a"}})"
               "\n");
    peer.line();
    admin.stop();
    const std::string said = testing::internal::GetCapturedStderr();
    for (const auto& part : {std::string("method=room.close"), std::string("result=ok"), std::string("room_id=a"),
                             "peer_pid=" + std::to_string(getpid())}) {
        EXPECT_NE(said.find(part), std::string::npos) << said;
    }
}

TEST_F(AdminTest, AFolderInTheTemporaryDirectoryMustBeOursAlone) {
    setenv("TMPDIR", folder.c_str(), 1);
    const auto own = folder / ("tickrelay-" + std::to_string(getuid()));
    const auto made = listen_unix(own / "admin.sock", 1);
    ASSERT_TRUE(std::holds_alternative<UnixListener>(made)) << std::get<std::string>(made);
    close(std::get<UnixListener>(made).fd);
    EXPECT_EQ(std::filesystem::status(own).permissions(), std::filesystem::perms::owner_all);
    std::filesystem::permissions(own, std::filesystem::perms::all);
    EXPECT_TRUE(std::holds_alternative<std::string>(listen_unix(own / "admin.sock", 1)));
    unsetenv("TMPDIR");
}

TEST(AdminPath, FollowsTheContractsOrder) {
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    EXPECT_EQ(admin_path(), "/run/user/7/tickrelay/admin.sock");
    EXPECT_EQ(admin_paths().front(), admin_path());
    unsetenv("XDG_RUNTIME_DIR");
    setenv("TMPDIR", "/var/tmp", 1);
    const std::string temporary = "/var/tmp/tickrelay-" + std::to_string(getuid()) + "/admin.sock";
    EXPECT_EQ(admin_path(), geteuid() == 0 ? "/run/tickrelay/admin.sock" : temporary);
    EXPECT_EQ(admin_paths(), (std::vector<std::string>{"/run/tickrelay/admin.sock", temporary}));
    unsetenv("TMPDIR");
}

}  // namespace
}  // namespace tickrelay
