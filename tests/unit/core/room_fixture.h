// A room with players, stepped by hand. Owner: one test.
#pragma once

#include "relay/core/room.h"

#include <gtest/gtest.h>

#include "schema_text.h"

namespace tickrelay {

using wire::ActionKind;

struct Deaf final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override { ++taken; }
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode code, std::string_view) override { ++ended, last = code; }
  void message(const Room&, PlayerNumber, const Event&) override {}
  int taken = 0, ended = 0;
  CloseCode last{};
};

struct RoomTest : testing::Test {
  Deaf observer;
  std::unique_ptr<Room> room;
  std::int32_t value = 5;

  void make(Authority authority, std::unique_ptr<Logic> logic = nullptr, RoomSettings settings = {}) {
    settings.layout = test::layout_of("struct Body (player) { a: int; }");
    settings.authority = authority;
    settings.grace_ms = 1000;
    room = std::make_unique<Room>(settings, std::move(logic), 1, observer);
    room->advance(1);
  }
  Seat& join(wire::Role role = wire::Role::Player) {
    return *room->find(room->take_seat({.player_id = {}, .role = role, .session = "s"}, 1));
  }
  // What it was refused with; empty where it was done.
  std::string apply(Seat& seat, Action action) {
    action.seq = seat.applied_seq + 1;
    const EventNumber before = seat.direct.last();
    room->apply(seat, action);
    return seat.direct.last() == before || seat.direct.at(before + 1).kind != EventKind::Failure
               ? ""
               : seat.direct.at(before + 1).type;
  }
  [[nodiscard]] Action set(EntityId entity) const {
    return {.kind = ActionKind::Set,
            .component = first_schema_component,
            .entity = entity,
            .mask = 1,
            .data = std::as_bytes(std::span(&value, 1)),
            .type = {}};
  }
  [[nodiscard]] Action spawn(EntityId entity, bool keep = false) const {
    Action action = set(entity);
    action.kind = ActionKind::Spawn;
    if (keep) action.flags = wire::ActionFlags::Keep;
    return action;
  }
  static Action on(ActionKind kind, EntityId entity) {
    return {.kind = kind, .entity = entity, .data = {}, .type = {}};
  }
};

}  // namespace tickrelay
