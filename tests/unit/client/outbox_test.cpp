#include "outbox.h"

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  std::uint32_t set(EntityId id, float x, std::uint64_t mask = 1) {
    return outbox.set(shape->component(transform), transform, id, mask, packed(x, x, x, x));
  }
  std::uint32_t add(wire::ActionKind kind, EntityId id = 0) {
    Action action;
    action.kind = kind;
    action.entity = id;
    return outbox.add(std::move(action));
  }
  std::vector<std::uint32_t> sent() {
    std::vector<std::uint32_t> numbers;
    for (const Action& action : outbox.take()) numbers.push_back(action.seq);
    return numbers;
  }
  using Numbers = std::vector<std::uint32_t>;

  LayoutPointer shape = layout();
  Outbox outbox;
};

TEST_F(OutboxTest, WaitingSetsOfOneValueMerge) {
  EXPECT_EQ(set(5, 1), 1u);
  EXPECT_EQ(set(5, 2, 2), 1u);
  EXPECT_EQ(set(6, 3), 2u);
  const auto& taken = outbox.take();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].mask, 3u);
  EXPECT_EQ(taken[0].data, packed(1.f, 2.f, 1.f, 1.f));
  EXPECT_TRUE(outbox.empty());
}

TEST_F(OutboxTest, ASentSetIsNotChangedAnyMore) {
  set(5, 1);
  sent();
  EXPECT_EQ(set(5, 2), 2u);
}

TEST_F(OutboxTest, AValueDoesNotMoveBeforeAClaim) {
  set(5, 1);
  add(wire::ActionKind::Claim, 5);
  EXPECT_EQ(set(5, 2), 3u);
  EXPECT_EQ(sent(), (Numbers{1, 2, 3}));
}

TEST_F(OutboxTest, WhatMustArriveIsRepeatedWithItsNumber) {
  add(wire::ActionKind::Spawn, 1000);
  set(5, 1);
  add(wire::ActionKind::Input);
  add(wire::ActionKind::Message);
  EXPECT_EQ(sent(), (Numbers{1, 2, 3, 4}));
  add(wire::ActionKind::Message);
  EXPECT_EQ(outbox.resume(1), 5u);
  EXPECT_EQ(sent(), (Numbers{4, 5}));
}

TEST_F(OutboxTest, WhatWasAppliedIsForgotten) {
  add(wire::ActionKind::Message);
  sent();
  outbox.applied(1);
  outbox.resume(1);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.actions(), 0u);
}

TEST_F(OutboxTest, NumbersContinueAboveWhatTheRelayHas) {
  outbox.continue_after(41);
  EXPECT_EQ(add(wire::ActionKind::Message), 42u);
}

TEST_F(OutboxTest, AMessageHoldsAtMost64Actions) {
  for (int i = 0; i < 70; ++i) add(wire::ActionKind::Message);
  EXPECT_EQ(sent().size(), 64u);
  EXPECT_EQ(sent().size(), 6u);
}

TEST_F(OutboxTest, AMessageStaysBelow64KiB) {
  for (int i = 0; i < 5; ++i) {
    Action action;
    action.kind = wire::ActionKind::Message;
    action.data.resize(16 * 1024);
    outbox.add(std::move(action));
  }
  EXPECT_EQ(sent().size(), 3u);
  EXPECT_EQ(sent().size(), 2u);
}

TEST_F(OutboxTest, OldInputsGiveWay) {
  for (int i = 0; i < 10; ++i) add(wire::ActionKind::Input);
  EXPECT_EQ(sent(), (Numbers{3, 4, 5, 6, 7, 8, 9, 10}));
  add(wire::ActionKind::Input);
  EXPECT_EQ(sent(), (Numbers{11}));
}

TEST_F(OutboxTest, ItIsBounded) {
  while (!outbox.full()) add(wire::ActionKind::Message);
  EXPECT_EQ(outbox.actions(), limits::outbox_actions_max);
}

}  // namespace
}  // namespace tickrelay::test
