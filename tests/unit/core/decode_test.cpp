#include "relay/core/decode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace tickrelay {
namespace {

class Message {
 public:
  template <typename Build>
  Message(wire::Body type, Build build) {
    flatbuffers::FlatBufferBuilder builder;
    const auto body = build(builder);
    builder.Finish(wire::CreateMessage(builder, type, body.Union()), "TRM1");
    assign({builder.GetBufferPointer(), builder.GetSize()});
  }
  explicit Message(std::span<const std::uint8_t> bytes) { assign(bytes); }
  [[nodiscard]] std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(words_)).first(size_); }

 private:
  void assign(std::span<const std::uint8_t> bytes) {
    words_.resize(bytes.size() / 8 + 1);
    std::memcpy(words_.data(), bytes.data(), bytes.size());
    size_ = bytes.size();
  }
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

struct JoinFields {
  wire::JoinMode mode{};
  wire::Role role{};
  std::string type, room_id, player_id, options, session;
  std::uint32_t have_term = 0, have_tick = 0;
};

flatbuffers::Offset<wire::Join> write(flatbuffers::FlatBufferBuilder& b, const JoinFields& join) {
  return wire::CreateJoinDirect(b, 1, join.mode, join.room_id.c_str(), join.type.c_str(), join.player_id.c_str(),
                                join.role, join.options.c_str(), nullptr, join.session.c_str(), 0, join.have_term,
                                join.have_tick);
}

struct ActionFields {
  wire::ActionKind kind{};
  std::uint32_t seq = 1;
  std::vector<std::uint8_t> data;
  std::string type;
  std::vector<std::uint32_t> to;
};

struct UpdateFields {
  wire::Ack ack{1, 2, 3};
  std::vector<ActionFields> actions;
};

flatbuffers::Offset<wire::Update> write(flatbuffers::FlatBufferBuilder& b, const UpdateFields& update) {
  std::vector<flatbuffers::Offset<wire::Action>> actions;
  for (const ActionFields& a : update.actions)
    actions.push_back(wire::CreateActionDirect(b, a.kind, {}, 0, a.seq, 0, 0, &a.data, a.type.c_str(), {}, &a.to));
  return wire::CreateUpdateDirect(b, &update.ack, &actions);
}

template <typename Change>
Request decode_join(Change change) {
  JoinFields join;
  join.type = "arena";
  change(join);
  Message message(wire::Body::Join, [&](auto& builder) { return write(builder, join); });
  const Request request = decode(message.bytes());
  if (std::holds_alternative<Drop>(request)) return request;
  return LeaveRequest{};  // its text is gone with the message
}

template <typename Change>
Request decode_action(Change change) {
  UpdateFields update;
  ActionFields action;
  change(update, action);
  update.actions.push_back(action);
  Message message(wire::Body::Update, [&](auto& builder) { return write(builder, update); });
  const Request request = decode(message.bytes());
  if (std::holds_alternative<Drop>(request)) return request;
  return LeaveRequest{};
}

bool dropped(const Request& request) { return std::holds_alternative<Drop>(request); }

TEST(Decode, reads_what_a_join_says) {
  JoinFields said;
  said.mode = wire::JoinMode::Resume;
  said.room_id = "r1";
  said.session = "secret";
  said.have_term = 2;
  said.have_tick = 77;
  Message message(wire::Body::Join, [&](auto& builder) { return write(builder, said); });
  const Request request = decode(message.bytes());
  const auto& join = std::get<JoinRequest>(request);
  EXPECT_EQ(join.room_id, "r1");
  EXPECT_EQ(join.have, (Base{2, 77}));
}

TEST(Decode, refuses_joins_without_what_their_mode_needs) {
  EXPECT_FALSE(dropped(decode_join([](auto&) {})));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.type.clear(); })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.mode = wire::JoinMode::ById; })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.mode = static_cast<wire::JoinMode>(9); })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.role = static_cast<wire::Role>(9); })));
}

TEST(Decode, refuses_long_names_and_what_is_no_utf8) {
  EXPECT_FALSE(dropped(decode_join([](auto& join) { join.player_id = std::string(64, 'x'); })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.player_id = std::string(65, 'x'); })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.player_id = "\xC3"; })));
  EXPECT_TRUE(dropped(decode_join([](auto& join) { join.options = std::string(4097, ' '); })));
}

TEST(Decode, holds_actions_to_their_limits) {
  EXPECT_FALSE(dropped(decode_action([](auto&, auto&) {})));
  EXPECT_TRUE(dropped(decode_action([](auto&, auto& action) { action.seq = 0; })));
  EXPECT_TRUE(dropped(decode_action([](auto&, auto& action) { action.kind = static_cast<wire::ActionKind>(7); })));
  EXPECT_TRUE(dropped(
      decode_action([](auto&, auto& action) { action.kind = wire::ActionKind::Input, action.data.resize(1025); })));
  EXPECT_TRUE(dropped(decode_action([](auto&, auto& action) { action.data.resize(16 * 1024 + 1); })));
  EXPECT_TRUE(dropped(
      decode_action([](auto&, auto& action) { action.kind = wire::ActionKind::Message, action.to.resize(257); })));
  EXPECT_TRUE(dropped(
      decode_action([](auto&, auto& action) { action.kind = wire::ActionKind::Message, action.type = "\xFF"; })));
  const auto many = [](std::size_t count) {
    return [count](auto& update, auto&) { update.actions.resize(count - 1); };
  };
  EXPECT_FALSE(dropped(decode_action(many(64))));
  EXPECT_TRUE(dropped(decode_action(many(65))));
}

TEST(Decode, refuses_what_is_not_for_the_relay) {
  Message welcome(wire::Body::Welcome, [](auto& builder) { return wire::CreateWelcome(builder); });
  EXPECT_TRUE(dropped(decode(welcome.bytes())));
  EXPECT_TRUE(dropped(decode(std::span<const std::byte>{})));
}

TEST(Decode, survives_every_cut_and_any_changed_byte) {
  UpdateFields update;
  for (std::uint32_t i = 1; i < 5; ++i)
    update.actions.push_back({wire::ActionKind::Message, i, std::vector<std::uint8_t>(i * 3), "said", {1, 2, 3}});
  Message whole(wire::Body::Update, [&](auto& builder) { return write(builder, update); });
  const std::span<std::byte> bytes = whole.bytes();
  for (std::size_t size = 0; size + 8 < bytes.size(); ++size) {  // the last bytes may be padding
    Message cut(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), size));
    EXPECT_TRUE(dropped(decode(cut.bytes()))) << size;
  }
  std::mt19937 random(3);
  std::size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    Message changed(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
    for (int k = 0; k < 2; ++k) changed.bytes()[random() % bytes.size()] = static_cast<std::byte>(random());
    const Request request = decode(changed.bytes());
    const auto* actions = std::get_if<Actions>(&request);
    if (actions == nullptr) continue;
    for (std::size_t a = 0; a < actions->size(); ++a) {  // every byte that is trusted now
      const Action action = actions->at(a);
      for (const std::byte b : action.data) read += static_cast<std::size_t>(b);
      read += action.type.size();
      for (std::uint32_t k = 0; action.to != nullptr && k < action.to->size(); ++k) read += action.to->Get(k);
    }
  }
  EXPECT_NE(read, 0U);
}

}  // namespace
}  // namespace tickrelay
