#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/colyseus_dialect.h"
#include "bench/peers/plain_dialect.h"
#include "bench/peers/socketio_dialect.h"

namespace tickrelay::bench {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Remembers what a dialect does.
struct Line final : DialectLine {
  void send(Opcode opcode, std::span<const std::uint8_t> message) override {
    sent.emplace_back(opcode, std::string(message.begin(), message.end()));
  }
  void seated(std::uint32_t entity) override { seats.push_back(entity); }
  void value(std::uint32_t entity, const Placement& placement) override { values.emplace_back(entity, placement); }
  void frame() override { ++frames; }
  bool wants_values() const override { return decodes; }

  std::vector<std::pair<Opcode, std::string>> sent;
  std::vector<std::uint32_t> seats;
  std::vector<std::pair<std::uint32_t, Placement>> values;
  int frames = 0;
  bool decodes = true;
};

const Placement somewhere{1, 2, 3, 4};
const Bytes somewhere_bytes{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40};

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(PlainDialect, is_seated_and_reads_frames) {
  PlainDialect dialect("r1");
  Line line;
  EXPECT_EQ(dialect.seek({}, "").path, "/r1");
  EXPECT_TRUE(dialect.on_binary(line, Bytes{1, 7, 0}));
  EXPECT_TRUE(dialect.on_binary(line, joined({{2, 0, 1, 0, 7, 0}, somewhere_bytes})));
  EXPECT_EQ(line.seats, std::vector<std::uint32_t>{7});
  ASSERT_EQ(line.values.size(), 1U);
  EXPECT_EQ(line.values[0], std::make_pair(7U, somewhere));
  EXPECT_EQ(line.frames, 1);
}

TEST(PlainDialect, refuses_a_frame_of_another_length) {
  PlainDialect dialect("r1");
  Line line;
  EXPECT_FALSE(dialect.on_binary(line, joined({{2, 0, 2, 0, 7, 0}, somewhere_bytes})));
  EXPECT_FALSE(dialect.on_binary(line, Bytes{3}));
  EXPECT_EQ(line.frames, 0);
}

TEST(SocketIoDialect, connects_to_its_room_and_answers_pings) {
  SocketIoDialect dialect("r1", false);
  Line line;
  EXPECT_TRUE(dialect.on_text(line, R"(0{"sid":"a"})"));
  EXPECT_TRUE(dialect.on_text(line, R"(40{"sid":"b"})"));
  EXPECT_TRUE(dialect.on_text(line, "2"));
  EXPECT_TRUE(dialect.on_text(line, R"(42["welcome",12])"));
  ASSERT_EQ(line.sent.size(), 2U);
  EXPECT_EQ(line.sent[0].second, R"(40{"room":"r1"})");
  EXPECT_EQ(line.sent[1].second, "3");
  EXPECT_EQ(line.seats, std::vector<std::uint32_t>{12});
}

TEST(SocketIoDialect, reads_and_writes_json) {
  SocketIoDialect dialect("r1", false);
  Line line;
  EXPECT_TRUE(dialect.on_text(line, R"(42["state",[[12,-0.5,1.25,1e-7,3],[13,1,2,3,4]]])"));
  EXPECT_TRUE(dialect.on_text(line, R"(42["state",[]])"));
  EXPECT_FALSE(dialect.on_text(line, R"(42["state",[[12,1,2]]])"));
  dialect.move(line, {0.125F, -2, 0, 1});
  ASSERT_EQ(line.values.size(), 2U);
  EXPECT_EQ(line.values[0], std::make_pair(12U, Placement{-0.5F, 1.25F, 1e-7F, 3}));
  EXPECT_EQ(line.values[1], std::make_pair(13U, somewhere));
  EXPECT_EQ(line.frames, 2);
  EXPECT_EQ(line.sent[0].second, R"(42["move",[0.125,-2,0,1]])");
}

TEST(SocketIoDialect, takes_an_attachment_only_where_one_was_announced) {
  SocketIoDialect dialect("r1", true);
  Line line;
  const Bytes entity = joined({{12, 0}, somewhere_bytes});
  EXPECT_FALSE(dialect.on_binary(line, entity));
  EXPECT_TRUE(dialect.on_text(line, R"(451-["state",{"_placeholder":true,"num":0}])"));
  EXPECT_TRUE(dialect.on_binary(line, entity));
  EXPECT_EQ(line.values[0], std::make_pair(12U, somewhere));
  dialect.move(line, somewhere);
  ASSERT_EQ(line.sent.size(), 2U);
  EXPECT_EQ(line.sent[1].second, std::string(somewhere_bytes.begin(), somewhere_bytes.end()));
}

// Bytes as Colyseus 0.18 sends them for the state of colyseus/server.js: switch to a structure is 255, adding is 0x80 and
// the field; a map's entries have an index, a key and the structure's number.
const Bytes join_message{10, 2, 't', 'k', 6, 's', 'c', 'h', 'e', 'm', 'a', 0};
const Bytes whole_state{14, 0x80, 1, 255, 1, 0x80, 0, 0xa1, 'a', 2, 0x80, 1, 0xa1, 'b', 3};

class Colyseus : public testing::Test {
 protected:
  // The seat's session is empty here, as no matchmaker gave one.
  void take(const Bytes& message) { ASSERT_TRUE(dialect.on_binary(line, message)); }
  ColyseusDialect dialect;
  Line line;
};

TEST_F(Colyseus, answers_the_handshake_and_follows_fields) {
  take(join_message);
  ASSERT_EQ(line.sent.size(), 1U);
  EXPECT_EQ(line.sent[0].second, "\x0a");
  take(whole_state);
  take({15, 255, 3, 0x80, 0, 0, 0x80, 0x3f, 0x81, 0, 0, 0, 0x40, 0x82, 0, 0, 0x40, 0x40, 0x83, 0, 0, 0x80, 0x40});
  take({15, 255, 3, 0x01, 0, 0, 0x80, 0x3f});
  ASSERT_EQ(line.values.size(), 2U);
  EXPECT_EQ(line.values[0], std::make_pair(3U, somewhere));
  EXPECT_EQ(line.values[1], std::make_pair(3U, Placement{1, 1, 3, 4}));
  EXPECT_EQ(line.frames, 3);
}

TEST_F(Colyseus, takes_who_comes_and_who_goes) {
  take(join_message);
  take(whole_state);
  take({15, 255, 1, 0x80, 2, 0xa1, 'c', 4, 255, 4, 0x80, 0, 0, 0x80, 0x3f});
  take({15, 255, 1, 0x40, 2});
  ASSERT_EQ(line.values.size(), 1U);
  EXPECT_EQ(line.values[0].first, 4U);
}

TEST_F(Colyseus, refuses_structures_that_it_was_not_told_of) {
  take(join_message);
  take(whole_state);
  EXPECT_FALSE(dialect.on_binary(line, Bytes{15, 255, 9, 0x80, 0, 0, 0x80, 0x3f}));
  EXPECT_FALSE(dialect.on_binary(line, Bytes{15, 255, 3, 0x80, 0, 0}));
  EXPECT_FALSE(dialect.on_binary(line, Bytes{99}));
}

TEST_F(Colyseus, sends_moves_as_bytes_of_the_name) {
  dialect.move(line, somewhere);
  EXPECT_EQ(line.sent[0].second, "\x11\xa4move" + std::string(somewhere_bytes.begin(), somewhere_bytes.end()));
}

}  // namespace
}  // namespace tickrelay::bench
