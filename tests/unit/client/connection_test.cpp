#include "connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "certificate.h"
#include "now.h"
#include "web_socket_server.h"

namespace tickrelay::test {
namespace {

using Buffer = std::vector<std::uint8_t>;

struct Ear final : LinkListener {
  void opened(std::int64_t) override {
    ++opens;
    if (on_open) on_open();
  }
  void received(Bytes message, std::int64_t) override {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(message.data()) % 8, 0u) << "aligned for FlatBuffers";
    heard.emplace_back(message.begin(), message.end());
    if (on_message) on_message();
  }
  void closed(std::uint16_t c, const std::string& r, std::int64_t) override {
    ++closes;
    code = c;
    reason = r;
  }
  int opens = 0;
  int closes = 0;
  std::uint16_t code = 0;
  std::string reason;
  std::vector<Buffer> heard;
  std::function<void()> on_open, on_message;
};

Url url_of(int port, const std::string& host = "127.0.0.1", bool tls = false) {
  return {tls, host, static_cast<std::uint16_t>(port), "/v1"};
}

class ConnectionTest : public ::testing::Test {
 protected:
  // Both sides in turn, until it holds or two seconds have gone.
  bool until(Sockets& sockets, WebSocketServer& server, const std::function<bool()>& holds, int seconds = 2) {
    const std::int64_t end = now_us() + seconds * 1'000'000;
    while (!holds() && now_us() < end) {
      sockets.service();
      server.service();
      usleep(200);
    }
    return holds();
  }
  void connect(const Url& url) {
    link = sockets.connect(url, ear);
    ASSERT_TRUE(until(sockets, server, [&] { return ear.opens + ear.closes > 0; }));
    ASSERT_EQ(ear.opens, 1) << ear.code << " " << ear.reason;
  }

  WebSocketServer server;
  Ear ear;
  Sockets sockets{true};
  std::unique_ptr<Link> link;
};

TEST_F(ConnectionTest, ItAsksForTheSubprotocolAndNothingElse) {
  connect(url_of(server.port()));
  EXPECT_EQ(server.path, "/v1");
  EXPECT_EQ(server.host, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(server.extensions, "");
}

TEST_F(ConnectionTest, LocalhostIsFoundWithoutDelayWhereverTheRelayListens) {
  const std::int64_t began = now_us();
  connect(url_of(server.port(), "localhost"));
  EXPECT_LT(now_us() - began, 1'000'000);
}

TEST_F(ConnectionTest, WhatIsWrittenLeavesAtOnce) {
  connect(url_of(server.port()));
  ASSERT_TRUE(link->writable());
  link->write(Buffer(100, 7));
  link->write(Buffer(40'000, 8));
  // Without another service() of ours.
  const std::int64_t end = now_us() + 2'000'000;
  while (server.heard.size() < 2 && now_us() < end) {
    server.service();
    usleep(200);
  }
  ASSERT_EQ(server.heard.size(), 2u);
  EXPECT_EQ(server.heard[0], Buffer(100, 7));
  EXPECT_EQ(server.heard[1], Buffer(40'000, 8));
}

TEST_F(ConnectionTest, OneServiceReadsAllThatHasCome) {
  connect(url_of(server.port()));
  std::size_t bytes = 0;
  for (std::uint8_t i = 0; i < 50; ++i) {
    server.send(Buffer(1'500, i));
    bytes += 1'500;
  }
  for (int i = 0; i < 60; ++i) server.service();
  usleep(20'000);  // nobody says when the kernel has passed it all on, and a look would be the service()
  sockets.service();
  EXPECT_EQ(ear.heard.size(), 50u);
  for (std::size_t i = 0; i < ear.heard.size(); ++i)
    EXPECT_EQ(ear.heard[i], Buffer(1'500, static_cast<std::uint8_t>(i)));
}

TEST_F(ConnectionTest, LargeMessagesArriveWhole) {
  connect(url_of(server.port()));
  Buffer large(1'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7);
  server.send(large);
  server.send(Buffer(3, 1));
  ASSERT_TRUE(until(sockets, server, [&] { return ear.heard.size() == 2; }));
  EXPECT_EQ(ear.heard[0], large);
  EXPECT_EQ(ear.heard[1], Buffer(3, 1));
}

TEST_F(ConnectionTest, AFullSocketIsNotWritableAndKeepsItsOrder) {
  connect(url_of(server.port()));
  server.service();
  server.stop_reading();
  std::size_t written = 0;
  while (link->writable() && written < 1'000) link->write(Buffer(60'000, static_cast<std::uint8_t>(written++)));
  EXPECT_LT(written, 1'000u) << "the kernel takes everything";
  server.read_on();
  ASSERT_TRUE(until(sockets, server, [&] { return link->writable() && server.heard.size() == written; }));
  for (std::size_t i = 0; i < written; ++i)
    EXPECT_EQ(server.heard[i], Buffer(60'000, static_cast<std::uint8_t>(i))) << i;
}

TEST_F(ConnectionTest, ACloseBringsItsCodeAndReason) {
  connect(url_of(server.port()));
  server.close(4440, "kicked: bad manners");
  ASSERT_TRUE(until(sockets, server, [&] { return ear.closes == 1; }));
  EXPECT_EQ(ear.code, 4440);
  EXPECT_EQ(ear.reason, "kicked: bad manners");
  EXPECT_FALSE(link->writable());
}

TEST_F(ConnectionTest, ABrokenConnectionIs1006) {
  connect(url_of(server.port()));
  server.cut();
  ASSERT_TRUE(until(
      sockets, server, [&] { return ear.closes == 1; }, 8));
  EXPECT_EQ(ear.code, 1006);
}

TEST_F(ConnectionTest, ClosingTellsTheRelayWhy) {
  connect(url_of(server.port()));
  link->close(4406, "incompatible_schema");
  link.reset();
  ASSERT_TRUE(until(sockets, server, [&] { return server.heard_code != 0; }));
  EXPECT_EQ(server.heard_code, 4406);
  EXPECT_EQ(ear.closes, 0) << "who let go hears nothing more";
}

TEST_F(ConnectionTest, ALinkMayEndWithinItsOwnCalls) {
  ear.on_message = [&] { link.reset(); };
  connect(url_of(server.port()));
  server.send(Buffer(10, 1));
  server.send(Buffer(10, 2));
  until(sockets, server, [&] { return !server.connected(); });
  EXPECT_EQ(ear.heard.size(), 1u);
}

TEST_F(ConnectionTest, NobodyThereIsToldOnce) {
  const int unused = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(unused, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(unused, reinterpret_cast<sockaddr*>(&address), &size), 0);
  link = sockets.connect(url_of(ntohs(address.sin_port)), ear);
  EXPECT_EQ(ear.closes, 0) << "not before service()";
  ASSERT_TRUE(until(sockets, server, [&] { return ear.closes > 0; }));
  EXPECT_EQ(ear.code, 1006);
  EXPECT_NE(ear.reason, "");
  close(unused);
}

TEST(Sockets, WithoutTlsTheyAreQuicklyMade) {
  const std::int64_t began = now_us();
  const Sockets sockets(false);
  EXPECT_LT(now_us() - began, 20'000);
}

TEST_F(ConnectionTest, AProxyOfTheEnvironmentIsNotAsked) {
  setenv("http_proxy", "127.0.0.1:1", 1);
  Sockets straight{false};
  unsetenv("http_proxy");
  link = straight.connect(url_of(server.port()), ear);
  ASSERT_TRUE(until(straight, server, [&] { return ear.opens + ear.closes > 0; }));
  EXPECT_EQ(ear.opens, 1) << ear.reason;
  link.reset();
}

TEST_F(ConnectionTest, WhatAListenerThrowsComesOutOfService) {
  ear.on_message = [] { throw 42; };
  connect(url_of(server.port()));
  server.send(Buffer(10, 1));
  EXPECT_THROW(until(sockets, server, [] { return false; }), int);
  ear.on_message = nullptr;
  server.send(Buffer(10, 2));
  EXPECT_TRUE(until(sockets, server, [&] { return ear.heard.size() == 2; }));
}

TEST(SixthProtocol, ItConnectsToo) {
  WebSocketServer server("::1");
  if (!server.good()) GTEST_SKIP() << "no IPv6 here";
  Ear ear;
  Sockets sockets{false};
  const auto link = sockets.connect(url_of(server.port(), "::1"), ear);
  for (int i = 0; i < 2'000 && ear.opens + ear.closes == 0; ++i) {
    sockets.service();
    server.service();
    usleep(200);
  }
  EXPECT_EQ(ear.opens, 1) << ear.reason;
}

TEST_F(ConnectionTest, TlsNeedsATrustedCertificate) {
  const Certificate certificate;
  WebSocketServer secure("127.0.0.1", certificate.certificate(), certificate.key());
  Ear wary_ear;
  const auto wary = sockets.connect(url_of(secure.port(), "localhost", true), wary_ear);
  ASSERT_TRUE(until(sockets, secure, [&] { return wary_ear.opens + wary_ear.closes > 0; }));
  EXPECT_EQ(wary_ear.opens, 0) << "signed by nobody we trust";

  Sockets trusting{true, certificate.certificate()};
  const auto trusted = trusting.connect(url_of(secure.port(), "localhost", true), ear);
  ASSERT_TRUE(until(trusting, secure, [&] { return ear.opens + ear.closes > 0; }));
  ASSERT_EQ(ear.opens, 1) << ear.reason;
  trusted->write(Buffer(50'000, 9));
  for (std::uint8_t i = 0; i < 20; ++i) secure.send(Buffer(10'000, i));
  ASSERT_TRUE(until(trusting, secure, [&] { return ear.heard.size() == 20 && secure.heard.size() == 1; }));
  EXPECT_EQ(secure.heard[0], Buffer(50'000, 9));
  EXPECT_EQ(ear.heard[19], Buffer(10'000, 19));
}

TEST_F(ConnectionTest, InsecureTlsTakesAnyCertificate) {
  const Certificate certificate;
  WebSocketServer secure("127.0.0.1", certificate.certificate(), certificate.key());
  Sockets careless{true, "", true};
  link = careless.connect(url_of(secure.port(), "127.0.0.1", true), ear);
  ASSERT_TRUE(until(careless, secure, [&] { return ear.opens + ear.closes > 0; }));
  EXPECT_EQ(ear.opens, 1) << ear.reason;
  link.reset();
}

}  // namespace
}  // namespace tickrelay::test
