#include "bench/load/messages.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace tickrelay::bench {
namespace {

const wire::Message* verified(std::span<const std::uint8_t> bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  return wire::VerifyMessageBuffer(verifier) ? wire::GetMessage(bytes.data()) : nullptr;
}

TEST(Messages, a_join_says_what_it_wishes_and_no_more) {
  MessageWriter writer;
  const wire::Message* message = verified(writer.join({.mode = wire::JoinMode::ById, .room_id = "one"}));
  ASSERT_NE(message, nullptr);
  const wire::Join* join = message->body_as_Join();
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(join->protocol(), 1);
  EXPECT_EQ(join->mode(), wire::JoinMode::ById);
  EXPECT_EQ(join->room_id()->str(), "one");
  EXPECT_EQ(join->ticket(), nullptr);
}

TEST(Messages, an_update_carries_its_acknowledgement_and_actions) {
  MessageWriter writer;
  const std::array<float, 4> values{1, 2, 3, 4};
  std::array<ActionWish, 2> actions;
  actions[0] = {.component = 3, .seq = 9, .entity = 77, .mask = 15};
  actions[0].data = {reinterpret_cast<const std::uint8_t*>(values.data()), sizeof values};
  actions[1] = {.kind = wire::ActionKind::Despawn, .seq = 10, .entity = 78};
  const wire::Message* message = verified(writer.update({5, 6, 7}, actions));
  ASSERT_NE(message, nullptr);
  const wire::Update& update = *message->body_as_Update();
  EXPECT_EQ(update.ack()->tick(), 5U);
  EXPECT_EQ(update.ack()->direct(), 7U);
  ASSERT_EQ(update.actions()->size(), 2U);
  EXPECT_EQ(update.actions()->Get(0)->data()->size(), sizeof values);
  EXPECT_EQ(std::memcmp(update.actions()->Get(0)->data()->data(), values.data(), sizeof values), 0);
  EXPECT_EQ(update.actions()->Get(1)->kind(), wire::ActionKind::Despawn);
}

TEST(Messages, an_acknowledgement_alone_has_no_actions) {
  MessageWriter writer;
  const wire::Message* message = verified(writer.update({5, 0, 0}, {}));
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->body_as_Update()->actions(), nullptr);
}

}  // namespace
}  // namespace tickrelay::bench
