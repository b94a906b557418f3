#include "relay/core/frame_bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "relay/core/encode.h"
#include "relay/core/limits.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

constexpr ComponentIndex body = first_schema_component, mark = body + 1;

// A room in which bodies move: `loud` jumps about, `calm` seldom changes; now and then one goes and another comes.
class Scene {
 public:
  explicit Scene(wire::Codec codec)
      : world_(test::layout_of("struct Body { loud: int; calm: int; } struct Mark { set: ubyte; }")), count_(world_.layout()) {
    if (codec == wire::Codec::Packed) packed_ = std::make_unique<PackedStream>(world_.layout());
    for (int i = 0; i < 20; ++i) spawn();
    if (packed_) packed_->start(encoder_.work(), world_, tick_);
    send({.base = 0, .tick = tick_, .kind = wire::FrameKind::Whole, .key = packed_ != nullptr});
  }

  void step() {
    ++tick_;
    for (EntityId id = first_; id <= last_; ++id) {
      const auto loud = static_cast<std::int32_t>(random_());
      write(id, body, 0b01, &loud, sizeof loud);
      const auto calm = static_cast<std::int32_t>(tick_);
      if (random_() % 50 == 0) write(id, body, 0b10, &calm, sizeof calm);
    }
    if (tick_ % 10 == 0) world_.remove(first_++, tick_), spawn();
    FrameInfo info{.base = tick_ - 1, .tick = tick_, .key = packed_ && tick_ % 30 == 0};
    if (tick_ % 5 == 0) {
      info.event_first = info.event_last = events_.push({.type = "hello", .data = std::vector<std::byte>(40)});
    }
    send(info);
    if (tick_ % 3 == 0) send({.base = tick_ - 3, .tick = tick_, .kind = wire::FrameKind::CatchUp, .key = info.key});
  }

  FrameBytes& count() { return count_; }
  std::size_t received() const { return received_; }  // by somebody who got every frame
  double state_bytes() const { return static_cast<double>(state_bytes_); }
  std::size_t frames() const { return frames_; }

 private:
  void spawn() {
    world_.create(++last_, 1, tick_);
    const std::uint8_t set = 1;
    write(last_, mark, 1, &set, sizeof set);
  }
  void write(EntityId id, ComponentIndex component, std::uint64_t mask, const void* value, std::size_t bytes) {
    world_.write(id, component, mask, {static_cast<const std::byte*>(value), bytes}, tick_);
  }
  void send(const FrameInfo& info) {
    const auto message = encoder_.frame(world_, events_, info, packed_.get(), &count_);
    count_.end(message.size());
    received_ += message.size();
    ++frames_;
    const auto* frame = flatbuffers::GetRoot<wire::StateFrame>(message.data());
    const std::size_t hash_bytes = packed_ != nullptr && info.key ? 4 : 0;  // counts as envelope
    if (frame->packed() != nullptr) state_bytes_ += frame->packed()->size() - hash_bytes;
  }

  World world_;
  EventLog events_{limits::events_max, limits::event_bytes_max};
  Encoder encoder_;
  std::unique_ptr<PackedStream> packed_;
  FrameBytes count_;
  std::mt19937 random_{7};
  Tick tick_ = 1;
  EntityId first_ = 1, last_ = 0;
  std::size_t received_ = 0, state_bytes_ = 0, frames_ = 0;
};

class FrameBytesOf : public testing::TestWithParam<wire::Codec> {};
INSTANTIATE_TEST_SUITE_P(BothCodecs, FrameBytesOf, testing::Values(wire::Codec::Plain, wire::Codec::Packed));

TEST_P(FrameBytesOf, add_up_to_what_was_received) {
  Scene scene(GetParam());
  for (int i = 0; i < 300; ++i) scene.step();
  const FrameBytes& count = scene.count();
  EXPECT_EQ(count.total(), scene.received());
  EXPECT_EQ(count.frames(), scene.frames());
  double parts = count.envelope() + count.events() + count.other();
  for (ComponentIndex i = 0; i < first_schema_component + 2; ++i) parts += count.component(i);
  EXPECT_NEAR(parts, static_cast<double>(scene.received()), 0.01);
  const double envelope = count.envelope() / static_cast<double>(scene.frames());
  EXPECT_GT(envelope, 20);
  EXPECT_LE(envelope, 40 + 10) << "with the vector of columns";
  EXPECT_GT(count.events(), 60 * 40);
  EXPECT_GT(count.other(), 0);
}

TEST_P(FrameBytesOf, go_to_the_fields_that_change) {
  Scene scene(GetParam());
  for (int i = 0; i < 300; ++i) scene.step();
  const FrameBytes& count = scene.count();
  EXPECT_GT(count.component(body), 10 * count.component(mark));
  EXPECT_GT(count.field(body, 0), 10 * count.field(body, 1));
  EXPECT_GT(count.field(body, 1), 0);
  EXPECT_LE(count.field(body, 0) + count.field(body, 1), count.component(body));
  // 4 bytes of noise each tick and entity, in stream frames, and about a third of that in catch-ups.
  EXPECT_NEAR(count.field(body, 0) / (300 * 20 * 4 * 4.0 / 3), 1, 0.2);
  EXPECT_EQ(count.changed(body), 300U * 20 - 30) << "catch-ups do not count, nor do the thirty in the tick they came in";
}

TEST(FrameBytes, of_the_packed_stream_are_all_of_a_component_or_other) {
  Scene scene(wire::Codec::Packed);
  for (int i = 0; i < 300; ++i) scene.step();
  double state = scene.count().other();
  for (ComponentIndex i = 0; i < first_schema_component + 2; ++i) state += scene.count().component(i);
  EXPECT_NEAR(state, scene.state_bytes(), 0.01);
  EXPECT_LT(scene.count().other(), 0.02 * state);
}

TEST(FrameBytes, tell_rates_of_the_last_period) {
  Scene scene(wire::Codec::Packed);
  scene.count().end_period(1);
  const auto before = static_cast<double>(scene.count().total());
  const double body_before = scene.count().component(body);
  for (int i = 0; i < 60; ++i) scene.step();
  scene.count().end_period(2);
  EXPECT_DOUBLE_EQ(scene.count().rate().bytes_per_s, (static_cast<double>(scene.count().total()) - before) / 2);
  EXPECT_DOUBLE_EQ(scene.count().rate(body).bytes_per_s, (scene.count().component(body) - body_before) / 2);
  EXPECT_DOUBLE_EQ(scene.count().rate(body).changed_per_s, (60 * 20 - 6) / 2.0);
  scene.count().end_period(1);
  EXPECT_EQ(scene.count().rate().bytes_per_s, 0);
}

}  // namespace
}  // namespace tickrelay
