// What a seed lets go wrong.

#include <algorithm>

#include "door.h"
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

// Those seats of a room that a ban is of; what an operator's ban does behind the table.
class ExpelErrand final : public Errand {
 public:
  ExpelErrand(Bans::Ban ban, WorkerPort* again) : ban_(std::move(ban)), again_(again) {}
  void run(Worker& worker, std::int64_t) override {
    for (const auto& place : worker.places()) {
      if (!place->room || (!ban_.room_id.empty() && place->record->id != ban_.room_id)) continue;
      std::vector<PlayerNumber> numbers;
      for (const auto& seat : place->room->seats()) {
        const Worker::Placed* at = Worker::placed(*place, seat->number);
        if (ban_.player_id.empty() ? at != nullptr && ban_.address.holds(at->peer) : seat->player_id == ban_.player_id) numbers.push_back(seat->number);
      }
      for (const PlayerNumber number : numbers) place->room->kick(number, label(CloseCode::banned), CloseCode::banned);
    }
    if (again_ != nullptr) again_->post(std::make_unique<ExpelErrand>(ban_, nullptr));
  }

 private:
  Bans::Ban ban_;
  WorkerPort* again_;
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

void Simulation::trouble() {
  const double passed_s = static_cast<double>(now_ns_ - last_trouble_ns_) / 1e9;
  if (passed_s < 0.01) return;
  last_trouble_ns_ = now_ns_;
  for (Player& player : players_)
    if (player.client->phase() == Client::Phase::seated && random_.chance(0.004)) trouble_client(*player.client);
  for (Player& player : players_)
    if (player.client->shield() && random_.chance(0.006)) trouble_shield(*player.client);
  if (random_.chance(0.02)) trouble_relay();
  if (random_.chance(0.003)) ban_somebody();
  if (random_.chance(0.003)) {
    tally_.count(Fault::wall_jump);
    wall_offset_ns_ += (random_.chance(0.7) ? random_.between(-100, 100) : random_.between(-7'200, 7'200)) * second;
  }
  const Client& near = *random_.pick(players_).client;
  const auto type = std::ranges::find(types_, near.habits().type, &RoomSettings::type);
  if (near.phase() != Client::Phase::seated || !type->views || random_.chance(0.8)) return;
  tally_.count(Fault::shown);
  for (WorkerPort* port : worker_ports_) port->post(std::make_unique<ShowErrand>(near.room_id(), random_.fork()));
}

// By name, where it named itself, or by the address; in its room, or in all. First the table, then the seats.
void Simulation::ban_somebody() {
  const Player& victim = random_.pick(players_);
  if (victim.client->phase() != Client::Phase::seated) return;
  Bans::Ban ban{.player_id = {}, .room_id = {}, .address = {}, .until_ns = now_ns_ + random_.between(200, 3000) * ms, .reason = {}};
  if (random_.chance(0.7)) {
    ban.player_id = victim.client->player_id();
    if (!ban.player_id.starts_with("name-") || random_.chance(0.5)) ban.room_id = victim.client->room_id();
  } else {
    ban.address = *parse_cidr(to_string(victim.way.from) + (is_ipv4(victim.way.from) ? "" : "/64"));
  }
  for (Player& player : players_)
    player.client->may_be_banned |= ban.player_id.empty() ? ban.address.holds(player.way.from) : player.client->player_id() == ban.player_id || player.client->habits().player_id == ban.player_id;
  entrance_->ban(ban);
  for (WorkerPort* port : worker_ports_) port->post(std::make_unique<ExpelErrand>(ban, port));
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
      return client.raise_shield(connect(client, random_.below(loops_.size())));
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
  entrance_->lift_bans();
  Options lax;
  lax.auth = options_.auth;
  lax.trusted_proxies = options_.trusted_proxies;
  lax.quota_first_message_timeout_s = options_.quota_first_message_timeout_s;  // some wait it out
  options_ = std::move(lax);
  entrance_->set(options_);
  door_->reception.set_quotas(options_);
  for (auto& side : loops_) side->sockets->quotas_hold = false;  // until they are read again
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
