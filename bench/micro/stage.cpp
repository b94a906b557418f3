#include "bench/micro/stage.h"

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <variant>

#include "bench/load/schema_compiler.h"

namespace tickrelay::bench {
namespace {

constexpr double step_s = 1.0 / 30;
constexpr std::uint64_t all_fields = 0x0f;

std::vector<Field> transform_fields() {
  const Field field{.name = {}, .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 0.001};
  return {field, field, field, field};
}

std::span<const std::byte> bytes_of(const Placement& placement) { return std::as_bytes(std::span(placement)); }

RoomSettings stage_settings(std::size_t seats) {
  RoomSettings settings;
  settings.id = settings.type = "stage";
  settings.layout = stage_layout();
  settings.max_players = static_cast<std::uint32_t>(seats);
  return settings;
}

}  // namespace

LayoutPointer stage_layout() {
  static const LayoutPointer layout = [] {
    const std::string schema = compile_schema(bench_schema_text());
    const auto parsed = parse_schema(std::as_bytes(std::span(schema)));
    if (const auto* error = std::get_if<std::string>(&parsed)) throw std::runtime_error(*error);
    return std::get<LayoutPointer>(parsed);
  }();
  return layout;
}

ComponentIndex stage_component() { return *stage_layout()->find("bench.Transform"); }

WalkingWorld::WalkingWorld(std::size_t entities) : world_(stage_layout()), fields_(transform_fields()) {
  for (std::size_t i = 0; i < entities; ++i) {
    walks_.emplace_back(i + 1, step_s);
    world_.create(static_cast<EntityId>(i + 1), 1, tick_);
  }
  step(entities);
}

void WalkingWorld::step(std::size_t moving) {
  ++tick_;
  for (std::size_t i = 0; i < moving; ++i) {
    const auto id = static_cast<EntityId>(i + 1);
    world_.write(id, stage_component(), all_fields, bytes_of(walks_[i].step(fields_)), tick_);
  }
}

WalkingRoom::WalkingRoom(std::size_t seats)
    : room_(stage_settings(seats), built_in_logic("relay")(), 1, *this), fields_(transform_fields()) {
  for (std::size_t i = 0; i < seats; ++i) {
    const PlayerNumber number = room_.take_seat({}, i + 1);
    players_.push_back({.number = number, .walk = Walk(i + 1, step_s)});
  }
  room_.advance(room_.tick() + 1);
}

void WalkingRoom::write_updates() {
  for (Player& player : players_) {
    const Placement& placement = player.walk.step(fields_);
    std::array<ActionWish, 1> actions;
    actions[0] = {.component = stage_component(), .seq = ++player.seq};
    actions[0].entity = room_.find(player.number)->entity;
    actions[0].mask = all_fields;
    actions[0].data = {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement};
    const auto message = writer_.update({room_.tick(), 0, 0}, actions);
    player.storage.resize(message.size() / 8 + 1);
    std::memcpy(player.storage.data(), message.data(), message.size());
    player.message = std::as_bytes(std::span(player.storage)).first(message.size());
  }
}

void WalkingRoom::apply_updates() {
  for (const Player& player : players_) {
    const Request request = decode(player.message);
    const Actions& actions = std::get<Actions>(request);
    Seat& seat = *room_.find(player.number);
    for (std::size_t i = 0; i < actions.size(); ++i) room_.apply(seat, actions.at(i));
  }
}

}  // namespace tickrelay::bench
