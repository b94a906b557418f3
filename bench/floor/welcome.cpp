#include "bench/floor/welcome.h"

#include <vector>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::uint32_t ids_per_seat = 256;
constexpr std::uint32_t first_spawned_id = 65'536;

// The layout that bench.fbs gives: the relay's own three components, then bench.Transform.
flatbuffers::Offset<wire::Layout> build_layout(flatbuffers::FlatBufferBuilder& builder) {
  const auto field = [&](const char* name, wire::FieldType type, std::uint16_t offset, double precision) {
    const auto flags = precision > 0 ? wire::FieldFlags::Quantised : wire::FieldFlags{};
    return wire::CreateFieldDirect(builder, name, type, offset, static_cast<std::uint8_t>(flags), precision);
  };
  using wire::FieldType;
  const std::vector owner{field("player", FieldType::UInt32, 0, 0)};
  const std::vector transform{field("x", FieldType::Float32, 0, 0.001), field("y", FieldType::Float32, 4, 0.001),
                              field("z", FieldType::Float32, 8, 0.001), field("yaw", FieldType::Float32, 12, 0.001)};
  const std::vector components{wire::CreateComponentDirect(builder, "tickrelay.Owner", 4, &owner),
                               wire::CreateComponentDirect(builder, "tickrelay.Player"),
                               wire::CreateComponentDirect(builder, "tickrelay.Room"),
                               wire::CreateComponentDirect(builder, "bench.Transform", 16, &transform, true)};
  return wire::CreateLayoutDirect(builder, 1, &components);
}

}  // namespace

flatbuffers::Offset<wire::Welcome> build_welcome(flatbuffers::FlatBufferBuilder& builder, const FloorSeat& seat) {
  const auto layout = build_layout(builder);
  const auto room_id = builder.CreateString(seat.room_id);
  const auto type = builder.CreateString("bench");
  const auto player_id = builder.CreateString("floor-player-" + std::to_string(seat.player));
  wire::WelcomeBuilder welcome(builder);
  welcome.add_room_id(room_id);
  welcome.add_type(type);
  welcome.add_player(seat.player);
  welcome.add_player_id(player_id);
  welcome.add_entity(seat.player);
  welcome.add_term(1);
  welcome.add_tick(seat.tick);
  welcome.add_tick_rate(static_cast<std::uint16_t>(seat.rate_hz));
  welcome.add_send_rate(static_cast<std::uint16_t>(seat.rate_hz));
  welcome.add_tick_zero_us(static_cast<std::uint64_t>(seat.tick_zero_us));
  welcome.add_server_us(static_cast<std::uint64_t>(now_ns() / us_ns));
  welcome.add_ids_first(first_spawned_id + seat.player * ids_per_seat);
  welcome.add_ids_count(ids_per_seat);
  welcome.add_ack_interval_ms(100);
  welcome.add_layout(layout);
  welcome.add_fingerprint(1);
  return welcome.Finish();
}

}  // namespace tickrelay::bench
