// A warm relay allocates nothing per tick. Counts every operator new of this program.

#include <gtest/gtest.h>

#include "counted_new.h"
#include "one_relay.h"

namespace tickrelay {
namespace {

RoomSettings moving(bool positions = false) {
  Component body;
  body.name = "a.Body";
  body.bytes = 12;
  body.player = true;
  for (std::uint16_t i = 0; i < 3; ++i) {
    Field field;
    field.name = std::string(1, static_cast<char>('x' + i));
    field.type = FieldType::Float32;
    field.offset = static_cast<std::uint16_t>(i * 4);
    if (positions) field.flags |= FieldFlags::Position;
    body.fields.push_back(field);
  }
  std::vector<Component> components;
  components.push_back(std::move(body));
  RoomSettings settings;
  settings.tick_rate = settings.send_rate = 60;
  settings.layout = std::make_shared<const Layout>(std::move(components));
  return settings;
}

// Ten players move to and fro for 900 ticks, each acknowledging what was sent; the last 600 are counted.
void expect_no_allocation(const RoomSettings& settings, TraceTrack* worker_trace = nullptr, TraceTrack* loop_trace = nullptr) {
  constexpr SocketId players = 10;
  test::OneRelay relay(settings, built_in_logic("relay"), nullptr, loop_trace);
  relay.worker.trace_with(worker_trace);
  for (SocketId socket = 0; socket < players; ++socket) relay.open_and_join(socket);
  relay.step_ticks(2);
  ASSERT_EQ(relay.room()->seats().size(), players);
  std::uint32_t seq = 0;
  const auto play = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      ++seq;
      const Tick newest = relay.room()->frames().tick();
      for (SocketId socket = 0; socket < players; ++socket) {
        const EntityId entity = relay.room()->seats()[socket]->entity;
        const float values[3] = {static_cast<float>(seq % 8), static_cast<float>(10 * socket), 1.5F};
        const wire::Ack ack(newest, 0, 0);
        relay.send(socket, wire::Body::Update, [&](auto& b) {
          const auto data = b.CreateVector(reinterpret_cast<const std::uint8_t*>(values), sizeof values);
          const auto action =
              wire::CreateAction(b, wire::ActionKind::Set, {}, first_schema_component, seq, entity, 7, data);
          const auto actions = b.CreateVector(&action, 1);
          return wire::CreateUpdate(b, &ack, actions);
        });
      }
      relay.step(17 * test::ms);
    }
  };
  play(300);
  const int sends_before = relay.sockets.sends[0];
  const std::size_t before = allocations;
  play(600);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_GE(relay.sockets.sends[0] - sends_before, 590);
  EXPECT_TRUE(relay.sockets.closed.empty());
}

TEST(Allocation, a_warm_tick_of_ten_moving_players_allocates_nothing) { expect_no_allocation(moving()); }

TEST(Allocation, nor_does_one_that_is_traced) {
  TraceTrack worker("worker-0", 1), loop("loop-0", 101);
  expect_no_allocation(moving(), &worker, &loop);
  std::size_t spans = 0;
  worker.take([&](const TraceSpan&) { ++spans; });
  loop.take([&](const TraceSpan&) { ++spans; });
  EXPECT_GT(spans, 3'000U);  // of 900 ticks
}

TEST(Allocation, nor_does_one_of_a_room_with_views) {
  RoomSettings settings = moving(true);
  settings.views = true;
  settings.view_radius = 25;
  expect_no_allocation(settings);
  settings.codec = wire::Codec::Plain;
  expect_no_allocation(settings);
}

}  // namespace
}  // namespace tickrelay
