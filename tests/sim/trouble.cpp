// What a seed lets happen: who plays where and how, and what goes wrong.

#include <algorithm>

#include "door.h"
#include "layouts.h"
#include "simulation.h"

namespace tickrelay::sim {

namespace {

class KickErrand final : public Errand {
 public:
  KickErrand(std::string room, PlayerNumber player) : room_(std::move(room)), player_(player) {}
  void run(Worker& worker, std::int64_t) override {
    for (const auto& place : worker.places())
      if (place->room && place->room->settings().id == room_) place->room->kick(player_, "by an operator");
  }

 private:
  std::string room_;
  PlayerNumber player_;
};

class CloseErrand final : public Errand {
 public:
  explicit CloseErrand(std::string room) : room_(std::move(room)) {}
  void run(Worker& worker, std::int64_t) override {
    for (const auto& place : worker.places())
      if (place->room && place->room->settings().id == room_)
        worker.close_room(*place, CloseCode::room_closed, "by an operator");
  }

 private:
  std::string room_;
};

// Somebody decides who sees what: an entity's audience, a player's team, from where it looks.
class ShowErrand final : public Errand {
 public:
  ShowErrand(std::string room, Random random) : room_(std::move(room)), random_(random) {}
  void run(Worker& worker, std::int64_t) override {
    for (const auto& place : worker.places())
      if (place->room && place->room->settings().id == room_) show(*place->room);
  }

 private:
  void show(Room& room) {
    const auto ids = room.world().entities().ids();
    Visibility to{.by = static_cast<SeenBy>(random_.below(4)), .players = {}};
    if (to.by == SeenBy::players)
      for (const auto& seat : room.seats())
        if (random_.chance(0.3)) to.players.push_back(seat->number);
    room.show(ids[random_.below(ids.size())], std::move(to));
    if (room.seats().empty()) return;
    const PlayerNumber player = room.seats()[random_.below(room.seats().size())]->number;
    if (random_.chance(0.3)) room.set_team(player, static_cast<std::uint32_t>(random_.below(3)));
    if (random_.chance(0.8)) return;
    const auto at = [&] { return static_cast<float>(random_.between(-300, 300)); };
    room.look_from(player, random_.chance(0.5) ? std::nullopt : std::optional(Point{at(), at(), at()}));
  }

  std::string room_;
  Random random_;
};

}  // namespace

void Simulation::make_types() {
  constexpr std::uint16_t rates[] = {1, 2, 5, 10, 20, 20, 30, 60, 60, 128, 240};
  const struct {
    const char* name;
    Authority authority;
  } kinds[] = {{"players", Authority::player},
               {"others", Authority::player},
               {"server", Authority::server},
               {"logic", Authority::logic}};
  for (const auto& kind : kinds) {
    RoomSettings type;
    type.type = kind.name;
    type.authority = kind.authority;
    type.layout = random_layout(random_);
    type.codec = random_.chance(0.6) ? wire::Codec::Packed : wire::Codec::Plain;
    type.tick_rate = random_.pick(rates);
    type.send_rate = type.tick_rate;
    for (const std::uint16_t divisor : {2, 3, 4, 5})
      if (type.tick_rate % divisor == 0 && type.tick_rate / divisor >= 2 && random_.chance(0.2))
        type.send_rate = static_cast<std::uint16_t>(type.tick_rate / divisor);
    type.max_players = static_cast<std::uint32_t>(random_.between(6, 30));
    type.grace_ms = static_cast<std::uint32_t>(random_.chance(0.5) ? random_.between(100, 800) : 30'000);
    type.empty_ttl_ms = static_cast<std::uint32_t>(random_.between(100, 2000));
    type.history = random_.chance(0.3) ? static_cast<std::uint32_t>(random_.below(200)) : 0;
    type.views = random_.chance(0.4);
    if (type.views && random_.chance(0.8)) {
      make_position(type.layout, random_);
      type.view_radius = random_.chance(0.8) ? static_cast<double>(random_.between(50, 400)) : 0;
      type.view_cell = type.view_radius == 0 || random_.chance(0.3) ? static_cast<double>(random_.between(20, 200)) : 0;
    }
    types_.push_back(std::move(type));
  }
  types_[0].tick_rate = types_[0].send_rate = 60;  // most play here
  types_[1].tick_rate = types_[1].send_rate = random_.chance(0.5) ? 60 : 128;
}

Habits Simulation::random_habits() {
  Habits habits;
  const std::uint64_t kind = random_.below(10);
  habits.type = types_[kind < 6 ? 0 : kind - 6].type;
  habits.poll_ns = random_.chance(0.3) ? random_.between(1, 5) * ms : random_.between(14, 33) * ms;
  habits.act_chance = random_.chance(0.3) ? 0.95 : 0.4;
  habits.message_share = random_.chance(0.2) ? 0.5 : 0.05;
  habits.prompt_acks = random_.chance(0.3);
  habits.hostile = random_.chance(0.15);
  habits.shield = random_.chance(0.5);
  if (random_.chance(0.1)) habits.role = wire::Role::Spectator;
  if (habits.type == "server" && random_.chance(0.3)) habits.role = wire::Role::Authority;
  if (random_.chance(0.3)) habits.player_id = std::string("name-").append(std::to_string(random_.next()));
  return habits;
}

Quality Simulation::random_quality() {
  Quality quality;
  quality.delay_ns = random_.chance(0.2) ? random_.between(60, 150) * ms : random_.between(1, 40) * ms;
  quality.unsent_max = static_cast<std::size_t>(random_.between(500, 6000));
  if (random_.chance(0.3)) quality.room_bytes = static_cast<std::size_t>(random_.between(200, 3000));
  if (troubled_ && random_.chance(0.25)) {
    quality.bytes_per_s = static_cast<double>(random_.between(6'000, 60'000));
    tally_.count(Fault::slow_line);
  }
  return quality;
}

void Simulation::add_client() {
  Player& player = players_.emplace_back();
  player.client = std::make_unique<Client>(random_habits(), now_ns_, random_.fork(), truth_, tally_);
  player.loop = random_.below(loops_.size());
  player.join_at_ns = now_ns_ + random_.between(1, 900 * ms);
}

FakeSockets& Simulation::sockets_of(const Client& client) {
  const auto it = std::ranges::find_if(players_, [&](const Player& player) { return player.client.get() == &client; });
  return *loops_[it->loop]->sockets;
}

void Simulation::prepare(Client& client) {
  const auto type = std::ranges::find(types_, client.habits().type, &RoomSettings::type);
  client.layout = type->layout.get();
  client.large_messages = type->send_rate >= 10;
  client.hides = type->views;
  client.room_is_players = type->authority == Authority::player && !client.hostile();
}

void Simulation::reconnect(Client& client) {
  const auto it = std::ranges::find_if(players_, [&](const Player& player) { return player.client.get() == &client; });
  it->loop = random_.below(loops_.size());
  const bool resume =
      client.phase() == Client::Phase::idle && client.can_resume() && (!troubled_ || !random_.chance(0.1));
  Client* victim = nullptr;
  if (!resume) {
    client.habits() = random_habits();
    if (!troubled_) client.habits().hostile = false;
    victim = troubled_ && random_.chance(0.15) ? random_.pick(players_).client.get() : nullptr;
    if (victim == &client ||
        (victim != nullptr && (victim->phase() != Client::Phase::seated || victim->may_be_replaced)))
      victim = nullptr;
  }
  const Client& other = *random_.pick(players_).client;
  if (!resume && victim == nullptr && other.phase() == Client::Phase::seated &&
      random_.chance(0.3)) {  // where others are, by id
    client.habits().type = other.habits().type;
    client.habits().room_id = other.room_id();
    if (client.habits().role == wire::Role::Authority) client.habits().role = wire::Role::Player;
  }
  if (victim != nullptr) {
    client.habits().type = victim->habits().type;
    client.habits().room_id = victim->room_id();
    client.habits().player_id = victim->player_id();
    victim->may_be_replaced = true;
    tally_.count(Fault::takeover);
  }
  client.join(loops_[it->loop]->sockets->connect(random_quality()), resume);
}

// ---------------------------------------------------------------------------------------------- what goes wrong

void Simulation::trouble() {
  const double passed_s = static_cast<double>(now_ns_ - last_trouble_ns_) / 1e9;
  if (passed_s < 0.01) return;
  last_trouble_ns_ = now_ns_;
  for (Player& player : players_)
    if (player.client->phase() == Client::Phase::seated && random_.chance(0.004)) trouble_client(*player.client);
  for (Player& player : players_)
    if (player.client->shield() && random_.chance(0.006)) trouble_shield(*player.client);
  if (random_.chance(0.02)) trouble_relay();
  const Client& near = *random_.pick(players_).client;
  const auto type = std::ranges::find(types_, near.habits().type, &RoomSettings::type);
  if (near.phase() != Client::Phase::seated || !type->views || random_.chance(0.8)) return;
  tally_.count(Fault::shown);
  for (WorkerPort* port : worker_ports_) port->post(std::make_unique<ShowErrand>(near.room_id(), random_.fork()));
}

void Simulation::trouble_shield(Client& client) {
  Wire& wire = *client.shield();
  FakeSockets& sockets = *loops_.front()->sockets;  // any: what a line suffers is its own
  switch (random_.below(5)) {
    case 0: return sockets.cut(wire);
    case 1:
      sockets.drop(wire, random_.chance(0.5));
      return client.lose_shield();
    case 2: wire.stalled_until_ns = now_ns_ + random_.between(20, 1500) * ms; return;
    case 3: wire.quality.bytes_per_s = random_.chance(0.5) ? 1e9 : static_cast<double>(random_.between(2'000, 60'000)); return;
    default:
      tally_.count(Fault::shield_replaced);
      return client.raise_shield(random_.pick(loops_)->sockets->connect(random_quality()));
  }
}

void Simulation::trouble_client(Client& client) {
  Wire& wire = *client.wire();
  FakeSockets& sockets = sockets_of(client);
  switch (random_.below(9)) {
    case 0:
    case 1:
      if (random_.chance(0.3)) return sockets.cut(wire);
      tally_.count(Fault::reset);
      sockets.drop(wire, false);
      return client.lost();
    case 2:
      tally_.count(Fault::half_dead);
      sockets.drop(wire, true);
      return client.lost();
    case 3:
      tally_.count(Fault::stalled_socket);
      wire.stalled_until_ns = now_ns_ + random_.between(20, 1500) * ms;
      return;
    case 4:
      tally_.count(Fault::slow_reader);
      wire.quality.unsent_max = 1 << 30;  // a large buffer between: only acknowledgements tell
      client.read_bytes_per_s = client.read_bytes_per_s > 0 ? 0 : static_cast<double>(random_.between(8'000, 50'000));
      return;
    case 5:
      tally_.count(Fault::silent_reader);
      client.acknowledging = !client.acknowledging;
      if (!client.acknowledging && client.silent_since_ns < 0) client.silent_since_ns = now_ns_;
      return;
    case 6:
      client.reading = !client.reading;
      if (client.silent_since_ns < 0) client.silent_since_ns = now_ns_;
      return;
    case 7: tally_.count(Fault::leave); return client.leave();
    default:
      tally_.count(Fault::slow_line);
      wire.quality.bytes_per_s = random_.chance(0.5) ? 1e9 : static_cast<double>(random_.between(6'000, 60'000));
      return;
  }
}

void Simulation::trouble_relay() {
  if (now_ns_ >= burns_until_ns_ && random_.chance(0.15)) return start_burning();
  if (crashes_ && random_.chance(0.14)) return random_.chance(0.6) ? crash() : hand_over();
  switch (random_.below(12)) {
    case 0:
    case 1:
    case 2:
      tally_.count(Fault::loop_stall);
      random_.pick(loops_)->stalled_until_ns = now_ns_ + random_.between(5, 600) * ms;
      return;
    case 3:
    case 4:
    case 5:
      tally_.count(Fault::worker_stall);
      random_.pick(workers_)->stalled_until_ns = now_ns_ + random_.between(5, 600) * ms;
      return;
    case 6:
    case 7:
      tally_.count(Fault::clock_jump);
      now_ns_ += random_.between(50, 1500) * ms;
      return;
    case 8:
    case 9:
      tally_.count(Fault::late_tick);
      for (auto& side : workers_) side->stalled_until_ns = now_ns_ + random_.between(2, 40) * ms;
      return;
    case 10: {
      const Client& client = *random_.pick(players_).client;
      if (client.phase() != Client::Phase::seated) return;
      truth_.of(client.room_id()).kicked.insert(client.player());
      for (WorkerPort* port : worker_ports_)
        port->post(std::make_unique<KickErrand>(client.room_id(), client.player()));
      return;
    }
    default: {
      const Client& client = *random_.pick(players_).client;
      if (client.phase() != Client::Phase::seated || random_.chance(0.7)) return;
      truth_.of(client.room_id()).may_end = true;
      for (WorkerPort* port : worker_ports_) port->post(std::make_unique<CloseErrand>(client.room_id()));
    }
  }
}

void Simulation::heal() {
  troubled_ = false;
  burns_until_ns_ = 0;
  for (auto& side : loops_) side->stalled_until_ns = 0;
  for (auto& side : workers_) side->stalled_until_ns = 0;
  for (Player& player : players_) {
    Client& client = *player.client;
    client.only_sets = true;
    client.reading = client.acknowledging = true;
    client.read_bytes_per_s = 0;
    player.gives_up |= client.phase() == Client::Phase::done;
    if (client.wire() == nullptr) continue;
    client.wire()->stalled_until_ns = 0;
    client.wire()->quality.bytes_per_s = 1e9;
    if (client.shield()) client.shield()->stalled_until_ns = 0;
  }
}

}  // namespace tickrelay::sim
