// Who plays where and how: the types of a seed's rooms, its quotas, its clients and what they show at the door.

#include <algorithm>

#include "door.h"
#include "layouts.h"
#include "papers.h"
#include "simulation.h"

namespace tickrelay::sim {

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
    type.client_creatable = true;
    if (type.authority == Authority::logic) type.logic = "chance";
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

// Half of the seeds ask for tickets; some quotas are so small that they matter.
void Simulation::make_quotas() {
  options_.auth = random_.chance(0.5) ? Auth::tickets : Auth::none;
  options_.trusted_proxies = {"10.0.0.0/8"};
  options_.quota_first_message_timeout_s = static_cast<double>(random_.between(2, 20)) / 10;
  const auto maybe = [this](std::uint32_t& quota, double chance, std::int64_t least, std::int64_t most) {
    if (random_.chance(chance)) quota = static_cast<std::uint32_t>(random_.between(least, most));
  };
  maybe(options_.quota_connections, 0.15, 4, 20);
  maybe(options_.quota_connections_per_address, 0.25, 2, 6);
  maybe(options_.quota_connections_per_s_per_address, 0.2, 1, 3);
  maybe(options_.quota_joins_per_s_per_address, 0.2, 1, 3);
  maybe(options_.quota_messages_per_s, 0.25, 20, 80);
  maybe(options_.quota_bytes_per_s, 0.2, 4'000, 16'000);
  maybe(options_.quota_events_per_s, 0.3, 1, 10);
  maybe(options_.quota_entities_per_player, 0.3, 1, 6);
  maybe(options_.quota_rooms, 0.25, 1, 4);
}

Habits Simulation::random_habits() {
  Habits habits;
  const std::uint64_t kind = random_.below(10);
  habits.type = types_[kind < 6 ? 0 : kind - 6].type;
  habits.poll_ns = random_.chance(0.15) ? random_.between(1, 5) * ms : random_.between(14, 33) * ms;
  habits.act_chance = random_.chance(0.3) ? 0.95 : 0.4;
  habits.message_share = random_.chance(0.2) ? 0.5 : 0.05;
  habits.prompt_acks = random_.chance(0.3);
  habits.hostile = random_.chance(0.15);
  habits.shield = random_.chance(0.5);
  habits.mute = troubled_ && random_.chance(0.05);
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
  player.way = entrance_->random_way();
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
  client.first_message_ns = static_cast<std::int64_t>(options_.quota_first_message_timeout_s * 1000) * ms;
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
    client.habits().role = victim->habits().role;
    victim->may_be_replaced = true;
    tally_.count(Fault::takeover);
  }
  if (!resume) it->way = entrance_->random_way();
  if (!resume && !show_ticket(client)) {
    it->join_at_ns = now_ns_ + random_.between(100, 500) * ms;
    return;
  }
  client.join(connect(client, it->loop), resume);
  for (const Player& player : players_)  // two who show the same ticket
    if (!resume && player.client.get() != &client && client.paper != nullptr && player.client->habits().player_id == client.habits().player_id)
      client.may_be_replaced = true;
  client.may_be_banned |= entrance_->is_banned_somewhere(resume ? client.player_id() : client.habits().player_id);
}

WirePointer Simulation::connect(const Client& client, std::size_t loop) {
  const auto it = std::ranges::find_if(players_, [&](const Player& player) { return player.client.get() == &client; });
  return entrance_->connect(*loops_[loop]->sockets, random_quality(), it->way);
}

// Where one is asked for. False: there is no room that it could be for.
bool Simulation::show_ticket(Client& client) {
  Habits& habits = client.habits();
  client.paper = nullptr;
  if (options_.auth != Auth::tickets && habits.role != wire::Role::Authority && !random_.chance(0.1)) return true;
  if (habits.room_id.empty()) habits.room_id = door_->room_for(habits.type);
  if (habits.room_id.empty()) return false;
  if (habits.player_id.empty()) habits.player_id = std::string("name-").append(std::to_string(random_.next()));
  if (troubled_ && random_.chance(0.15)) habits.ticket = papers_->copy(habits.room_id);
  if (habits.ticket.empty()) habits.ticket = papers_->write(habits.room_id, habits.player_id, habits.role, wall_s(), habits.hostile);
  if (troubled_ && options_.auth == Auth::tickets && random_.chance(0.02)) habits.ticket = papers_->nothing();
  client.paper = papers_->of(habits.ticket);
  habits.by_ticket_alone = !habits.ticket.empty() && random_.chance(0.2);
  habits.player_id = client.paper->player;  // of a copy: another's
  habits.role = client.paper->role;
  for (Player& player : players_)
    if (player.client.get() != &client && player.client->habits().player_id == habits.player_id) player.client->may_be_replaced = true;
  return true;
}

}  // namespace tickrelay::sim
