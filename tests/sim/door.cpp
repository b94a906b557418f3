#include "door.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "entrance.h"
#include "papers.h"

namespace tickrelay::sim {

// ---------------------------------------------------------------------------------------------- logic

// Anything.
void ChanceLogic::fail(const Room& room, const char* where) {
  effects_->throws(room);
  switch (random_.below(3)) {
    case 0: throw std::bad_alloc();
    case 1: throw 42;
    default: throw std::runtime_error(where);
  }
}

void ChanceLogic::on_open(Room& room, const Seat& seat) {
  if (fails_ && random_.chance(0.02)) fail(room, "at open");
  if (random_.chance(0.02)) return room.kick(seat.number, "not you");
  room.send(seat.number, "hello", {});
}

void ChanceLogic::on_message(Room& room, const Seat& seat, const LogicMessage& message) {
  const std::string type(message.type);
  if (fails_ && random_.chance(0.001)) fail(room, "at a message");
  if (message.kind == LogicMessage::Kind::message)
    room.broadcast(type == "said" ? "echo" : type, message.data, seat.number);
  if (message.request != 0) room.answer(seat.number, message.request, message.data);
  if (random_.chance(0.003)) room.kick(seat.number, "enough");
}

void ChanceLogic::on_close(Room& room, const Seat& seat, std::string_view) {
  if (fails_ && random_.chance(0.02)) fail(room, "at close");
  room.send(seat.number, "never", {});
}

void ChanceLogic::on_error(Room& room, const Seat&, std::string_view) {
  if (fails_ && random_.chance(0.002)) fail(room, "at an error");
  if (random_.chance(0.01)) room.broadcast("error", {});
}

void ChanceLogic::on_tick(Room& room, std::uint32_t) {
  effects_->burn(room);
  if (fails_ && random_.chance(0.001)) fail(room, "at a tick");
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

void ChanceLogic::restore(Room& room, std::span<const std::byte> saved) {
  SIM_REQUIRE(saved.size() == sizeof random_, "a logic gets back what it saved");
  if (fails_ && random_.chance(0.1)) fail(room, "at its restore");
  std::memcpy(&random_, saved.data(), sizeof random_);
}

// ---------------------------------------------------------------------------------------------- gate

Simulation::Door::Door(Simulation& simulation)
    : simulation(simulation), random(simulation.random_.fork()),
      reception(simulation.options_, *simulation.lobby_, simulation.papers_->tickets, *simulation.papers_,
                [this](std::string_view name) { return logic_of(name); },
                {.unix_s = [&simulation] { return simulation.wall_s(); },
                 .random = [this](std::span<std::byte> bytes) { for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next()); }}) {
  RoomTypes types;
  for (const RoomSettings& type : simulation.types_) types[type.type] = {.settings = type, .given = {}, .schema_path = {}};
  reception.set_types(std::move(types));
  effects->burn = [&simulation](const Room& room) { simulation.burn(room); };
  effects->throws = [&simulation](const Room& room) {
    simulation.truth_.of(room.settings().id).threw = true;
    simulation.tally_.count(Fault::logic_threw_anything);
  };
}

// Some cannot be made, or find no memory for their room.
LogicFactory Simulation::Door::logic_of(std::string_view name) {
  if (name != "chance") return built_in_logic(name);
  const std::uint64_t seed = random.next();
  const bool fails = random.chance(logic_fails);
  const bool unmade = random.chance(0.03), no_memory = random.chance(0.05);
  return [&simulation = simulation, effects = effects, seed, fails, unmade, no_memory, made = std::make_shared<bool>(false)]() -> std::unique_ptr<Logic> {
    const bool first = !std::exchange(*made, true);
    auto logic = std::make_unique<ChanceLogic>(seed, fails, effects);
    if (first && unmade) {
      simulation.tally_.count(Fault::logic_unmade);
      throw "no logic today";
    }
    if (first && no_memory) {
      simulation.tally_.count(Fault::no_memory);
      Memory::refuse_in = 1 + static_cast<std::uint32_t>(seed % 8);
    }
    return logic;
  };
}

std::string Simulation::Door::room_for(const std::string& type) {
  for (const RoomListing& room : simulation.lobby_->search(type, nullptr, 20).rooms)
    if (room.players < room.max_players && random.chance(0.9)) return room.id;
  const auto settings = std::ranges::find(simulation.types_, type, &RoomSettings::type);
  CloseCode refused{};
  const RoomRecordPointer record = reception.make_room(*settings, simulation.now_ns_, refused, nullptr);
  if (!record) {
    SIM_REQUIRE(refused == CloseCode::overloaded, "a room is refused for another reason");
    return {};
  }
  simulation.post_place(record);
  return record->id;
}

Verdict Simulation::Door::admit(const JoinRequest& join, std::int64_t now_ns) {
  const Turn simulators(false);
  const bool by_session = join.mode == wire::JoinMode::Resume || join.mode == wire::JoinMode::Shield;
  const std::string ticket(join.ticket), room_id(join.room_id);
  const std::size_t rooms = simulation.lobby_->size();
  auto verdict = [&] {
    const Turn relays(true);
    return reception.admit(join, now_ns);
  }();
  const Drop* drop = std::get_if<Drop>(&verdict);
  const bool asks = simulation.options_.auth == Auth::tickets;
  const bool shows = !by_session && (asks || !ticket.empty()) && (join.role != wire::Role::Authority || !ticket.empty());
  if (shows) {
    const TicketFault expected = simulation.papers_->judge(ticket, room_id, simulation.wall_s());
    const TicketFault found = drop == nullptr ? TicketFault::none : drop->fault;
    SIM_REQUIRE(found == expected, "a ticket is " + std::string(expected == TicketFault::none ? "good" : detail(expected)) + ", and the door says " +
                                       std::string(found == TicketFault::none ? "good" : detail(found)));
  }
  SIM_REQUIRE(simulation.lobby_->size() <= std::max<std::size_t>(rooms, simulation.options_.quota_rooms), "more rooms than there may be");
  if (drop == nullptr) {
    check_admitted(std::get<Pass>(verdict));
  } else if (drop->code == CloseCode::banned) {
    const Paper* paper = by_session || ticket.empty() ? nullptr : simulation.papers_->of(ticket);
    const auto claims = by_session ? simulation.papers_->read(room_id, join.session) : std::nullopt;
    const std::string player = claims ? claims->player_id : paper != nullptr ? paper->player : std::string(join.player_id);
    SIM_REQUIRE(simulation.entrance_->is_banned_somewhere(player), "somebody is banned who is not");
  } else if (drop->code == CloseCode::overloaded) {
    SIM_REQUIRE(rooms >= simulation.options_.quota_rooms, "a room is refused though there may be another");
    simulation.tally_.count(Fault::rooms_full);
  }
  return verdict;
}

void Simulation::Door::check_admitted(const Pass& pass) const {
  const std::string& player = pass.claims ? pass.claims->player_id : pass.player_id;
  SIM_REQUIRE(!simulation.entrance_->is_banned(player, pass.room->id), "a banned player is let in");
}

// ---------------------------------------------------------------------------------------------- journal

void Simulation::Listener::room_spawned(const Room& room) {
  const Turn simulators(false);
  RoomTruth& of = truth.of(room.settings().id);
  SIM_REQUIRE(of.id.empty(), "a room's id is used twice");
  of.id = room.settings().id;
  of.may_end = room.settings().authority == Authority::logic;
  of.terms[room.term()] = {};
  bound(room);
}

void Simulation::Listener::room_restored(const Room& room) {
  const Turn simulators(false);
  truth.note_restored(room);
  bound(room);
}

void Simulation::Listener::room_slowed(const Room& room, double send_hz, double tick_hz) {
  const Turn simulators(false);
  const RoomSettings& settings = room.settings();
  SIM_REQUIRE(send_hz < settings.send_rate && tick_hz <= settings.tick_rate, "slowed is below the settings");
  SIM_REQUIRE(tick_hz == settings.tick_rate || send_hz <= settings.send_rate / 8.0, "sends are slowed before ticks");
  slow.insert(settings.id);
  tally.count(tick_hz < settings.tick_rate ? Fault::ticks_slowed : Fault::sends_slowed);
}

void Simulation::Listener::room_full_rate(const Room& room) {
  const Turn simulators(false);
  SIM_REQUIRE(slow.erase(room.settings().id) == 1, "back to full rate from a lower one");
  tally.count(Fault::full_rate_again);
}

void Simulation::Listener::bound(const Room& room) const {
  const_cast<Room&>(room).bound_history(tombstones_max == 0 ? limits::tombstones_max : tombstones_max,
                                        events_max == 0 ? limits::events_max : events_max);
}

void Simulation::Listener::room_closed(const Room& room, std::string_view) {
  const Turn simulators(false);
  truth.note_closed(room);
  slow.erase(room.settings().id);
  saved.erase(room.settings().id);
}

void Simulation::Listener::player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) {
  const Turn simulators(false);
  if (what == "player.joined") {  // once, but for who came after a checkpoint and is made again
    auto [before, fresh] = truth.of(room.settings().id).seated.try_emplace(seat.number, room.term(), seat.player_id);
    SIM_REQUIRE(fresh || (before->second.first < room.term() && before->second.second == seat.player_id), "a player's number is given twice");
    before->second.first = room.term();
  }
  if (what == "player.left" && reason == "connection_lost" && !seat.connected()) tally.count(Fault::expired_seat);
}

}  // namespace tickrelay::sim
