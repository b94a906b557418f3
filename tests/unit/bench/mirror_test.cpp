#include "bench/load/mirror.h"

#include <gtest/gtest.h>

#include <cstring>

#include "schema/packed/writer.h"

namespace tickrelay::bench {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Component 0: two bytes and a u16; component 1: opaque.
std::shared_ptr<const Layout> make_layout() {
  auto layout = std::make_shared<Layout>();
  LayoutComponent fields{.name = "a.Fields", .opaque = false, .fields = {}};
  std::uint16_t offset = 0;
  for (const char* name : {"x", "y"})
    fields.fields.push_back({.name = name, .type = wire::FieldType::UInt8, .offset = offset++});
  fields.fields.push_back({.name = "z", .type = wire::FieldType::UInt16, .offset = offset});
  layout->components = {fields, {.name = "a.Text", .opaque = true, .fields = {}}};
  return layout;
}

struct FrameParts {
  std::uint32_t tick = 10;
  std::uint16_t span = 1;
  bool lists_alive = false;
  std::vector<std::uint32_t> removed{}, alive{}, ids{};
  Bytes masks{}, values{};
  std::vector<std::uint32_t> lengths{};
  std::uint16_t component = 0;
};

bool apply(Mirror& mirror, const FrameParts& parts) {
  flatbuffers::FlatBufferBuilder builder;
  const auto flags = parts.lists_alive ? wire::FrameFlags::ListsAlive : wire::FrameFlags{};
  const wire::FrameHead head(parts.tick, parts.span, wire::FrameKind::Stream, flags);
  const std::vector columns{wire::CreateColumnDirect(builder, parts.component, &parts.ids,
                                                     parts.masks.empty() ? nullptr : &parts.masks, &parts.values,
                                                     parts.lengths.empty() ? nullptr : &parts.lengths)};
  builder.Finish(wire::CreateStateFrameDirect(builder, &head, nullptr, parts.ids.empty() ? nullptr : &columns,
                                              &parts.removed, &parts.alive),
                 "TRF1");
  return mirror.apply(*flatbuffers::GetRoot<wire::StateFrame>(builder.GetBufferPointer())) == Applied::done;
}

Bytes value_of(const Mirror& mirror, std::uint16_t component, std::uint32_t entity) {
  const auto value = mirror.value(component, entity);
  return {value.begin(), value.end()};
}

TEST(Mirror, takes_whole_values_where_there_are_no_masks) {
  Mirror mirror(make_layout(), wire::Codec::Plain);
  ASSERT_TRUE(apply(mirror, {.ids = {7, 9}, .values = {1, 2, 3, 4, 5, 6, 7, 8}}));
  EXPECT_EQ(value_of(mirror, 0, 7), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(value_of(mirror, 0, 9), (Bytes{5, 6, 7, 8}));
  ASSERT_EQ(mirror.changes().size(), 2U);
  EXPECT_EQ(mirror.changes()[1].entity, 9U);
}

TEST(Mirror, takes_masked_fields_and_keeps_the_others) {
  Mirror mirror(make_layout(), wire::Codec::Plain);
  ASSERT_TRUE(apply(mirror, {.ids = {7}, .values = {1, 2, 3, 4}}));
  ASSERT_TRUE(apply(mirror, {.ids = {7, 8}, .masks = {0b100, 0b010}, .values = {9, 9, 5}}));
  EXPECT_EQ(value_of(mirror, 0, 7), (Bytes{1, 2, 9, 9}));
  EXPECT_EQ(value_of(mirror, 0, 8), (Bytes{0, 5, 0, 0}));
}

TEST(Mirror, forgets_at_base_zero_removes_and_lists_alive) {
  Mirror mirror(make_layout(), wire::Codec::Plain);
  ASSERT_TRUE(apply(mirror, {.ids = {1, 2, 3}, .values = Bytes(12, 1)}));
  ASSERT_TRUE(apply(mirror, {.removed = {2, 99}}));
  EXPECT_EQ(mirror.entities(0), 2U);
  ASSERT_TRUE(apply(mirror, {.lists_alive = true, .alive = {3}}));
  EXPECT_TRUE(mirror.value(0, 1).empty());
  EXPECT_FALSE(mirror.value(0, 3).empty());
  ASSERT_TRUE(apply(mirror, {.span = 0, .ids = {4}, .values = Bytes(4, 1)}));
  EXPECT_EQ(mirror.entities(0), 1U);
}

TEST(Mirror, replaces_opaque_values_as_a_whole) {
  Mirror mirror(make_layout(), wire::Codec::Plain);
  ASSERT_TRUE(apply(mirror, {.ids = {1, 2}, .values = {'a', 'b', 'c'}, .lengths = {1, 2}, .component = 1}));
  EXPECT_EQ(value_of(mirror, 1, 2), (Bytes{'b', 'c'}));
  ASSERT_TRUE(apply(mirror, {.ids = {2}, .values = {'d'}, .lengths = {1}, .component = 1}));
  EXPECT_EQ(value_of(mirror, 1, 2), (Bytes{'d'}));
}

// What a relay does in codec packed: a stream with a key tick where it is asked for.
class PackedFrames {
 public:
  explicit PackedFrames(const Layout& layout) : stream_(lanes_of(layout)), empty_(lanes_of(layout)) {}

  // Entity 7 has these bytes now.
  Applied send(Mirror& mirror, wire::FrameKind kind, Bytes value, bool key, std::uint32_t wrong_hash = 0) {
    packed::Changes changes;
    changes.components.resize(stream_.size());
    const auto* bytes = reinterpret_cast<const std::byte*>(value.data());
    changes.components[0].push_back({.id = 7, .mask = 0b111, .value = bytes});
    Bytes coded;
    if (kind == wire::FrameKind::Stream) {
      writer_.stream(stream_, changes, coded);
    } else {
      writer_.absolute(empty_, changes, true, coded);
      writer_.start(stream_, changes);
    }
    if (key) {
      stream_.settle();
      const std::uint32_t hash = stream_.hash() ^ wrong_hash;
      const auto* first = reinterpret_cast<const std::uint8_t*>(&hash);
      coded.insert(coded.begin(), first, first + sizeof hash);
    }
    flatbuffers::FlatBufferBuilder builder;
    const auto flags = key ? wire::FrameFlags::KeyTick : wire::FrameFlags{};
    const wire::FrameHead head(++tick_, kind == wire::FrameKind::Stream ? 1 : 0, kind, flags);
    const auto payload = builder.CreateVector(coded);
    wire::StateFrameBuilder frame(builder);
    frame.add_head(&head);
    frame.add_packed(payload);
    builder.Finish(frame.Finish(), "TRF1");
    return mirror.apply(*flatbuffers::GetRoot<wire::StateFrame>(builder.GetBufferPointer()));
  }

 private:
  static std::vector<packed::Lanes> lanes_of(const Layout& layout) {
    std::vector<packed::Lanes> lanes;
    for (const LayoutComponent& component : layout.components) lanes.emplace_back(component.fields);
    return lanes;
  }

  packed::Context stream_, empty_;
  packed::Writer writer_;
  std::uint32_t tick_ = 0;
};

TEST(Mirror, follows_the_packed_stream_from_a_key_tick_on) {
  const auto layout = make_layout();
  Mirror mirror(layout, wire::Codec::Packed);
  PackedFrames frames(*layout);
  ASSERT_EQ(frames.send(mirror, wire::FrameKind::Whole, {1, 2, 3, 4}, true), Applied::done);
  EXPECT_EQ(value_of(mirror, 0, 7), (Bytes{1, 2, 3, 4}));
  ASSERT_EQ(frames.send(mirror, wire::FrameKind::Stream, {1, 9, 3, 5}, false), Applied::done);
  EXPECT_EQ(value_of(mirror, 0, 7), (Bytes{1, 9, 3, 5}));
  ASSERT_EQ(mirror.changes().size(), 1U);
  EXPECT_EQ(mirror.changes()[0].entity, 7U);
  ASSERT_EQ(frames.send(mirror, wire::FrameKind::Stream, {2, 9, 3, 5}, true), Applied::done);
  EXPECT_EQ(value_of(mirror, 0, 7), (Bytes{2, 9, 3, 5}));
}

TEST(Mirror, is_lost_where_it_is_not_in_the_stream_or_a_hash_differs) {
  const auto layout = make_layout();
  Mirror mirror(layout, wire::Codec::Packed);
  PackedFrames frames(*layout);
  ASSERT_EQ(frames.send(mirror, wire::FrameKind::Whole, {1, 2, 3, 4}, false), Applied::done);
  EXPECT_EQ(frames.send(mirror, wire::FrameKind::Stream, {1, 2, 3, 5}, false), Applied::lost);
  ASSERT_EQ(frames.send(mirror, wire::FrameKind::Whole, {1, 2, 3, 6}, true), Applied::done);
  EXPECT_EQ(frames.send(mirror, wire::FrameKind::Stream, {1, 2, 3, 7}, true, 1), Applied::lost);
  mirror.rejoin();
  EXPECT_EQ(frames.send(mirror, wire::FrameKind::Stream, {1, 2, 3, 8}, false), Applied::lost);
}

TEST(Mirror, refuses_frames_of_the_other_codec) {
  Mirror mirror(make_layout(), wire::Codec::Packed);
  EXPECT_FALSE(apply(mirror, {.ids = {7}, .values = {1, 2, 3, 4}}));
}

TEST(Mirror, refuses_what_contradicts_the_layout) {
  Mirror mirror(make_layout(), wire::Codec::Plain);
  EXPECT_FALSE(apply(mirror, {.ids = {1}, .values = Bytes(4), .component = 2}));
  EXPECT_FALSE(apply(mirror, {.ids = {1}, .values = Bytes(3)}));
  EXPECT_FALSE(apply(mirror, {.ids = {1}, .values = Bytes(5)}));
  EXPECT_FALSE(apply(mirror, {.ids = {1, 2}, .masks = {1}, .values = Bytes(2)}));
  EXPECT_FALSE(apply(mirror, {.ids = {1}, .values = Bytes(2), .lengths = {3}, .component = 1}));
  EXPECT_FALSE(apply(mirror, {.ids = {1}, .values = Bytes(2), .component = 1}));
}

}  // namespace
}  // namespace tickrelay::bench
