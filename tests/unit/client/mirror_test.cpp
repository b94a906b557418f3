#include "mirror.h"

#include "decoder.h"
#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

class MirrorTest : public ::testing::Test {
 protected:
  MirrorTest() {
    mirror.reset(layout());
    for (ComponentIndex i = 0; i < 6; ++i) mirror.watch(i);
  }

  bool apply(const FrameBytes& frame) {
    const Buffer bytes = frame.bytes();
    const auto* root = flatbuffers::GetRoot<wire::StateFrame>(bytes.data());
    const std::uint32_t base = frame.span == 0 ? 0 : frame.tick - frame.span;
    return make_decoder(wire::Codec::Plain, *layout())->decode(*root, base, mirror, error) == Outcome::applied;
  }
  const arena::Transform* at(EntityId id) { return state.get<arena::Transform>(id); }
  std::vector<std::pair<Change::Kind, EntityId>> changes() {
    std::vector<std::pair<Change::Kind, EntityId>> all;
    for (const MirrorChange& change : mirror.take_changes()) all.emplace_back(change.kind, change.entity);
    return all;
  }
  void write(EntityId id, float x, std::uint32_t seq, std::uint64_t mask = 15) {
    const arena::Transform value(arena::Vec3(x, x, x), 0);
    mirror.write_own(transform, id, mask, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value}, seq);
  }

  Mirror mirror;
  State state{mirror};
  std::string error;
};

using Kinds = std::vector<std::pair<Change::Kind, EntityId>>;
constexpr auto added = Change::Kind::added, changed = Change::Kind::changed, removed = Change::Kind::removed;

TEST_F(MirrorTest, AWholeFrameBringsEntities) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {owners({5}, {7}), transforms({5}, packed(1.f, 2.f, 3.f, 0.5f))}))) << error;
  EXPECT_EQ(state.owner(5), 7u);
  ASSERT_NE(at(5), nullptr);
  EXPECT_EQ(at(5)->pos().y(), 2.f);
  EXPECT_EQ(at(5)->yaw(), 0.5f);
  EXPECT_EQ(state.entities().size(), 1u);
  EXPECT_EQ(state.get<arena::Health>(5), nullptr);
  EXPECT_EQ(changes(), (Kinds{{added, 5}, {added, 5}}));
}

TEST_F(MirrorTest, MaskedFieldsChangeTheOthersStay) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 2.f, 3.f, 0.5f))})));
  changes();
  ASSERT_TRUE(apply(FrameBytes::stream(2, {{transform, {5}, {0b1010}, packed(20.f, 0.75f), {}}})));
  EXPECT_EQ(at(5)->pos().x(), 1.f);
  EXPECT_EQ(at(5)->pos().y(), 20.f);
  EXPECT_EQ(at(5)->yaw(), 0.75f);
  const auto list = mirror.take_changes();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].fields, 0b1010u);
}

TEST_F(MirrorTest, RemovalsComeBeforeValues) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5, 6}, packed(1.f, 1.f, 1.f, 0.f, 2.f, 2.f, 2.f, 0.f))})));
  changes();
  FrameBytes frame = FrameBytes::stream(2, {transforms({5}, packed(9.f, 9.f, 9.f, 0.f))});
  frame.removed = {5, 77};
  ASSERT_TRUE(apply(frame));
  EXPECT_EQ(at(5)->pos().x(), 9.f);
  EXPECT_EQ(changes(), (Kinds{{removed, 5}, {added, 5}}));
}

TEST_F(MirrorTest, WhatIsNotAliveGoes) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5, 6}, packed(1.f, 1.f, 1.f, 0.f, 2.f, 2.f, 2.f, 0.f))})));
  FrameBytes frame = FrameBytes::stream(2);
  frame.lists_alive = true;
  frame.alive = {6};
  ASSERT_TRUE(apply(frame));
  EXPECT_FALSE(state.contains(5));
  EXPECT_TRUE(state.contains(6));
}

TEST_F(MirrorTest, AWholeFrameTellsTheDifferenceToWhatWasThere) {
  ASSERT_TRUE(apply(FrameBytes::whole(
      1, {transforms({5, 6, 7}, packed(1.f, 1.f, 1.f, 0.f, 2.f, 2.f, 2.f, 0.f, 3.f, 3.f, 3.f, 0.f))})));
  changes();
  ASSERT_TRUE(apply(FrameBytes::whole(
      9, {transforms({6, 7, 8}, packed(2.f, 2.f, 2.f, 0.f, 4.f, 3.f, 3.f, 0.f, 5.f, 5.f, 5.f, 0.f))})));
  EXPECT_EQ(changes(), (Kinds{{changed, 7}, {added, 8}, {removed, 5}}));
}

TEST_F(MirrorTest, AWholeFrameForgetsFieldsThatItDoesNotName) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 2.f, 3.f, 0.5f))})));
  ASSERT_TRUE(apply(FrameBytes::whole(2, {{transform, {5}, {0b0001}, packed(8.f), {}}})));
  EXPECT_EQ(at(5)->pos().x(), 8.f);
  EXPECT_EQ(at(5)->pos().y(), 0.f);
}

TEST_F(MirrorTest, OpaqueValuesAreReplacedAsAWhole) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(arena::CreateNameDirect(builder, "ada"));
  const Buffer value = bytes_of(builder);
  ASSERT_TRUE(apply(FrameBytes::whole(1, {{name, {5}, {}, value, {static_cast<std::uint32_t>(value.size())}}})));
  ASSERT_NE(state.get<arena::Name>(5), nullptr);
  EXPECT_EQ(state.get<arena::Name>(5)->text()->str(), "ada");
  ASSERT_TRUE(apply(FrameBytes::stream(2, {{name, {5}, {}, {1, 2, 3}, {3}}})));
  EXPECT_EQ(state.get<arena::Name>(5), nullptr) << "not a valid table";
  EXPECT_EQ(state.bytes(5, "arena.Name").size(), 3u);
}

TEST_F(MirrorTest, AnOlderProgramReadsAWiderStruct) {
  mirror.reset(layout(true));
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 2.f, 3.f, 0.5f, 99u))})));
  ASSERT_NE(at(5), nullptr);
  EXPECT_EQ(at(5)->yaw(), 0.5f);
  EXPECT_EQ(state.bytes(5, "arena.Transform").size(), 20u);
}

TEST_F(MirrorTest, AnOwnFieldIsHeldUntilTheRelayTookItUp) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 1.f, 1.f, 0.f))})));
  write(5, 50, 3, 0b0001);
  EXPECT_EQ(at(5)->pos().x(), 50.f);
  ASSERT_TRUE(apply(FrameBytes::stream(2, {transforms({5}, packed(2.f, 2.f, 2.f, 0.f))})));
  EXPECT_EQ(at(5)->pos().x(), 50.f) << "mine";
  EXPECT_EQ(at(5)->pos().y(), 2.f) << "the relay's";
  mirror.release(2);
  EXPECT_EQ(at(5)->pos().x(), 50.f);
  mirror.release(3);
  EXPECT_EQ(at(5)->pos().x(), 2.f);
}

TEST_F(MirrorTest, ALaterWriteKeepsTheFieldHeld) {
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 1.f, 1.f, 0.f))})));
  write(5, 50, 3);
  write(5, 60, 4);
  mirror.release(3);
  EXPECT_EQ(at(5)->pos().x(), 60.f);
}

TEST_F(MirrorTest, ARefusedSpawnGoes) {
  write(1000, 50, 3);
  EXPECT_TRUE(state.contains(1000));
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({5}, packed(1.f, 1.f, 1.f, 0.f))})));
  EXPECT_TRUE(state.contains(1000)) << "a whole frame does not know it yet";
  mirror.release(3);
  EXPECT_FALSE(state.contains(1000));
  EXPECT_EQ(state.entities().size(), 1u);
}

TEST_F(MirrorTest, ASpawnThatTheRelayTookUpStays) {
  write(1000, 50, 3);
  ASSERT_TRUE(apply(FrameBytes::whole(1, {transforms({1000}, packed(50.f, 50.f, 50.f, 0.f))})));
  mirror.release(3);
  ASSERT_NE(at(1000), nullptr);
  EXPECT_EQ(at(1000)->pos().x(), 50.f);
}

TEST_F(MirrorTest, BrokenColumnsAreErrors) {
  EXPECT_FALSE(apply(FrameBytes::stream(1, {{99, {5}, {}, packed(1.f), {}}}))) << "no such component";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {transforms({5}, packed(1.f))}))) << "too few values";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {transforms({5}, packed(1.f, 2.f, 3.f, 4.f, 5.f))}))) << "too many";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {{transform, {5}, {1, 1}, packed(1.f), {}}}))) << "masks of another number";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {{transform, {5}, {0xff}, packed(1.f), {}}}))) << "bits beyond the fields";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {{name, {5}, {}, {1}, {}}}))) << "no lengths";
  EXPECT_FALSE(apply(FrameBytes::stream(1, {{name, {5}, {}, {1}, {4'000'000'000}}}))) << "lengths beyond the values";
}

TEST_F(MirrorTest, MoreEntitiesThanARoomHasAreAnError) {
  std::vector<std::uint32_t> ids;
  Buffer values;
  for (std::uint32_t i = 0; i <= limits::entities_max; ++i) {
    ids.push_back(i + 1);
    values.insert(values.end(), {1, 2});
  }
  EXPECT_FALSE(apply(FrameBytes::whole(1, {{health, ids, {}, values, {}}})));
  EXPECT_EQ(state.entities().size(), limits::entities_max);
}

}  // namespace
}  // namespace tickrelay::test
