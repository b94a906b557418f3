#include "door.h"

#include <algorithm>
#include <cstring>

namespace tickrelay::sim {

// ---------------------------------------------------------------------------------------------- logic

void ChanceLogic::on_open(Room& room, const Seat& seat) {
  if (fails_ && random_.chance(0.02)) throw std::runtime_error("at open");
  if (random_.chance(0.02)) return room.kick(seat.number, "not you");
  room.send(seat.number, "hello", {});
}

void ChanceLogic::on_message(Room& room, const Seat& seat, const LogicMessage& message) {
  const std::string type(message.type);
  if (fails_ && random_.chance(0.001)) throw std::runtime_error("at a message");
  if (message.kind == LogicMessage::Kind::message)
    room.broadcast(type == "said" ? "echo" : type, message.data, seat.number);
  if (message.request != 0) room.answer(seat.number, message.request, message.data);
  if (random_.chance(0.003)) room.kick(seat.number, "enough");
}

void ChanceLogic::on_close(Room& room, const Seat& seat, std::string_view) {
  if (fails_ && random_.chance(0.02)) throw std::runtime_error("at close");
  room.send(seat.number, "never", {});
}

void ChanceLogic::on_error(Room& room, const Seat&, std::string_view) {
  if (fails_ && random_.chance(0.002)) throw std::runtime_error("at an error");
  if (random_.chance(0.01)) room.broadcast("error", {});
}

void ChanceLogic::on_tick(Room& room, std::uint32_t passed) {
  burn_(room, passed);
  if (fails_ && random_.chance(0.0002)) throw std::runtime_error("at a tick");
  const Layout& layout = room.world().layout();
  if (layout.components().size() <= first_schema_component) return;
  const Component& what = layout.component(first_schema_component);
  std::vector<std::byte> value(what.packed_bytes(what.all()));
  for (std::byte& b : value) b = static_cast<std::byte>(random_.below(2));
  const auto ids = room.world().entities().ids();
  const EntityId any = random_.pick(ids);
  if (room.world().size() < 60 && random_.chance(0.2)) {
    EntityId id = 0;
    room.spawn(0, first_schema_component, value, random_.chance(0.1), id);
  } else if (random_.chance(0.2)) {
    room.despawn(any);
  } else {
    room.write(any, first_schema_component, what.all(), value);
  }
}

std::vector<std::byte> ChanceLogic::save(const Room&) {
  const auto bytes = std::as_bytes(std::span(&random_, 1));
  return {bytes.begin(), bytes.end()};
}

void ChanceLogic::restore(Room&, std::span<const std::byte> saved) {
  SIM_REQUIRE(saved.size() == sizeof random_, "a logic gets back what it saved");
  if (fails_ && random_.chance(0.1)) throw std::runtime_error("at its restore");
  std::memcpy(&random_, saved.data(), sizeof random_);
}

// ---------------------------------------------------------------------------------------------- gate

RoomRecordPointer Simulation::Door::create(const std::string& type, std::int64_t now_ns) {
  const auto settings = std::ranges::find(types, type, &RoomSettings::type);
  LogicFactory logic = built_in_logic("relay");
  if (settings->authority == Authority::logic) {
    const std::uint64_t seed = random.next();
    const bool fails = random.chance(logic_fails);
    logic = [seed, fails, burn = burn] { return std::make_unique<ChanceLogic>(seed, fails, burn); };
  }
  return lobby.create(*settings, std::move(logic), now_ns, random.next());
}

Pass Simulation::Door::pass(const JoinRequest& join, RoomRecordPointer room, bool reserved) {
  std::string session;
  for (int i = 0; i < 16; ++i) session += "0123456789abcdef"[random.below(16)];
  return {std::move(room), std::string(join.player_id), join.role, reserved, session};
}

std::variant<Pass, Drop> Simulation::Door::admit(const JoinRequest& join, std::int64_t now_ns) {
  const bool is_player = join.role == wire::Role::Player;
  const bool has_seat = join.mode == wire::JoinMode::Resume || join.mode == wire::JoinMode::Shield;
  if (join.mode == wire::JoinMode::ById || has_seat) {
    RoomRecordPointer room = lobby.find(std::string(join.room_id));
    if (!room) return Drop{CloseCode::room_not_found, ""};
    if (has_seat) return pass(join, std::move(room), false);
    const auto refused = lobby.reserve(room, is_player);
    if (refused && join.player_id.empty()) return Drop{*refused, ""};
    return pass(join, std::move(room), !refused);
  }
  const std::string type(join.type);
  if (std::ranges::find(types, type, &RoomSettings::type) == types.end()) return Drop{CloseCode::unknown_type, ""};
  RoomRecordPointer room = join.mode == wire::JoinMode::Create ? nullptr : lobby.reserve_by_type(type, is_player);
  if (!room) {
    room = create(type, now_ns);
    SIM_REQUIRE(room && !lobby.reserve(room, is_player), "a new room has a seat");
  }
  return pass(join, std::move(room), true);
}

std::vector<RoomListing> Simulation::Door::list(const ListRequest& request) {
  return lobby.list([&](const RoomRecord& room) { return request.type.empty() || room.type == request.type; }, 20);
}

// ---------------------------------------------------------------------------------------------- journal

void Simulation::Listener::room_spawned(const Room& room) {
  RoomTruth& of = truth.of(room.settings().id);
  SIM_REQUIRE(of.id.empty(), "a room's id is used twice");
  of.id = room.settings().id;
  of.may_end = room.settings().authority == Authority::logic;
  of.terms[room.term()] = {};
  bound(room);
}

void Simulation::Listener::room_restored(const Room& room) {
  truth.note_restored(room);
  bound(room);
}

void Simulation::Listener::room_slowed(const Room& room, double send_hz, double tick_hz) {
  const RoomSettings& settings = room.settings();
  SIM_REQUIRE(send_hz < settings.send_rate && tick_hz <= settings.tick_rate, "slowed is below the settings");
  SIM_REQUIRE(tick_hz == settings.tick_rate || send_hz <= settings.send_rate / 8.0, "sends are slowed before ticks");
  slow.insert(settings.id);
  tally.count(tick_hz < settings.tick_rate ? Fault::ticks_slowed : Fault::sends_slowed);
}

void Simulation::Listener::room_full_rate(const Room& room) {
  SIM_REQUIRE(slow.erase(room.settings().id) == 1, "back to full rate from a lower one");
  tally.count(Fault::full_rate_again);
}

void Simulation::Listener::bound(const Room& room) const {
  const_cast<Room&>(room).bound_history(tombstones_max == 0 ? limits::tombstones_max : tombstones_max,
                                        events_max == 0 ? limits::events_max : events_max);
}

void Simulation::Listener::room_closed(const Room& room, std::string_view) {
  truth.note_closed(room);
  slow.erase(room.settings().id);
  saved.erase(room.settings().id);
}

void Simulation::Listener::player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) {
  if (what == "player.joined")
    SIM_REQUIRE(truth.of(room.settings().id).seated.insert(seat.number).second, "a player's number is given twice");
  if (what == "player.left" && reason == "connection_lost" && !seat.connected()) tally.count(Fault::expired_seat);
}

}  // namespace tickrelay::sim
