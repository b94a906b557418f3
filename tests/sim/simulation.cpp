#include "simulation.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "door.h"
#include "memory.h"
#include "papers.h"
#include "shelf.h"

namespace tickrelay::sim {

Simulation::Simulation(const Plan& plan)
    : plan_(plan), crowded_(plan.seed % 16 == 0), busy_ns_(crowded_ ? 12 * second : 0), random_(plan.seed) {
  Broken::first.clear();
  Memory::refuse_in = 0;
  if (!crowded_) busy_ns_ = random_.between(2500, 5000) * ms;
  if (plan.seed % 16 == 8) busy_ns_ = 22 * second;  // some things take ten seconds
  make_types();
  make_quotas();
  papers_ = std::make_unique<Papers>(random_.fork());
  listener_ = std::make_unique<Listener>(truth_, tally_);
  if (random_.chance(0.4)) listener_->tombstones_max = 1 + random_.below(6), tally_.count(Fault::small_tombstones);
  if (random_.chance(0.4)) listener_->events_max = 2 + random_.below(20), tally_.count(Fault::small_events);
  crashes_ = random_.chance(0.5);
  make_shelf();
  start_relay();
  clients_wanted_ = (crowded_ ? 14 : 5) + random_.below(6);
  for (std::size_t i = 0; i < clients_wanted_; ++i) add_client();
}

Simulation::~Simulation() = default;

Outcome Simulation::run() {
  Outcome outcome;
  Memory::live_bytes = Memory::live_pieces = 0;  // of this relay alone, without what the process keeps
  try {
    const std::int64_t until_ns = now_ns_ + busy_ns_;
    while (now_ns_ < until_ns) step();
    heal();
    check_end();
    check_counts();
  } catch (const std::exception& broken) {
    outcome.broken = broken.what();
  }
  tally_.ticks = truth_.ticks;
  outcome.tally = tally_;
  outcome.at_ns = now_ns_;
  return outcome;
}

void Simulation::step() {
  now_ns_ += random_.between(300 * us, 1700 * us);
  if (troubled_) trouble();
  keep_checkpoints();
  entrance_->step();
  step_relay();
  if (!Broken::first.empty()) throw Broken(Broken::first);
  for (Player& player : players_) {
    Client& client = *player.client;
    prepare(client);
    client.poll();
    if (client.wants_shield()) client.raise_shield(connect(client, random_.below(loops_.size())));
    const bool away = client.phase() == Client::Phase::idle || client.phase() == Client::Phase::done;
    if (away && player.join_at_ns == 0) player.join_at_ns = now_ns_ + random_.between(0, 700 * ms);
  }
  for (std::size_t i = 0; i < players_.size(); ++i) {
    Player& player = players_[i];
    if (player.join_at_ns != 0 && now_ns_ >= player.join_at_ns && !player.gives_up) {
      player.join_at_ns = 0;
      reconnect(*player.client);
    }
  }
}

void Simulation::step_relay() {
  for (auto& side : loops_) {
    if (now_ns_ < side->stalled_until_ns) continue;
    const bool idle = side->next_ns - now_ns_ > 20 * ms;
    if (!side->flag.up && now_ns_ < side->next_ns && !idle) continue;
    side->flag.up = false;
    const Turn relays(true);
    side->sockets->poll(*side->loop);
    side->next_ns = side->loop->step(now_ns_);
    SIM_REQUIRE(side->next_ns > now_ns_, "a loop that never sleeps");
  }
  for (auto& side : workers_) {
    if (now_ns_ < side->stalled_until_ns) continue;
    if (!side->flag.up && now_ns_ < side->next_ns) continue;
    side->flag.up = false;
    {
      const Turn relays(true);
      side->next_ns = side->worker->step(now_ns_);
    }
    SIM_REQUIRE(side->next_ns > now_ns_, "a worker that never sleeps");
    if (side->burned_ns != 0) side->stalled_until_ns = std::max(side->stalled_until_ns, now_ns_ + side->burned_ns);
    side->burned_ns = 0;
    truth_.read(*side->worker);
    if (side->port.inbox.depth() == 0) check_bans(*side);
  }
  check_relay();
  if (now_ns_ < next_count_ns_) return;
  next_count_ns_ = now_ns_ + 200 * ms;
  check_counts();
  check_memory();
}

// What must hold at every moment.
void Simulation::check_relay() {
  for (auto& side : workers_) {
    std::size_t seats = 0;
    for (const auto& place : side->worker->places()) {
      if (!place->room) continue;
      SIM_REQUIRE(!truth_.of(place->room->settings().id).threw || place->room->failure(), "a room goes on whose logic threw");
      seats += place->room->seats().size();
      std::set<PlayerNumber> numbers;
      std::uint32_t connected = 0;
      for (const auto& placed : place->placed) {
        SIM_REQUIRE(numbers.insert(placed.number).second, "a seat with two connections");
        const Seat* seat = place->room->find(placed.number);
        SIM_REQUIRE(seat != nullptr && seat->link == placed.connection.id(), "a connection without its seat");
        // Bounded by what one read slice may add while the seat is above its bound.
        SIM_REQUIRE(placed.link->inbox.load() <= limits::seat_inflight_max + 1, "a seat's share of the inbox");
      }
      for (const auto& seat : place->room->seats()) {
        connected += seat->connected();
        SIM_REQUIRE(seat->connected() || seat->expires > place->room->tick(), "a seat outlives its grace");
      }
      SIM_REQUIRE(connected == place->placed.size(), "seats and connections differ");
      for (std::uint32_t loop = 0; loop < loops_.size(); ++loop) {
        const auto there = [loop](const Connection& at) { return at.generation != 0 && at.loop == loop; };
        const auto gets = [&](const auto& placed) { return there(placed.connection) + there(placed.shield); };
        std::uint32_t wanted = 0;
        for (const auto& placed : place->placed) wanted += static_cast<std::uint32_t>(gets(placed));
        SIM_REQUIRE(place->players_on_loop[loop] == wanted, "who gets batches is who is there");
      }
      for (const std::uint32_t out : place->batches_out)
        SIM_REQUIRE(out <= limits::room_batches_max, "a loop's share of batches");
    }
    SIM_REQUIRE(side->port.inbox.depth() <= (seats + players_.size()) * (limits::seat_inflight_max + 140),
                "the inbox is bounded");
    check_load(*side);
  }
}

// After what was posted with a ban has run.
void Simulation::check_bans(const WorkerSide& side) const {
  for (const auto& place : side.worker->places()) {
    if (!place->room) continue;
    for (const auto& seat : place->room->seats())
      SIM_REQUIRE(!seat->connected() || !entrance_->is_banned(seat->player_id, place->room->settings().id), "a banned player plays on");
  }
}

// Whose logic takes long pays for it, first with sends and then with ticks; nobody else does.
void Simulation::check_load(const WorkerSide& side) const {
  std::int64_t slowed = 0;
  for (const auto& place : side.worker->places()) {
    if (!place->room || place->slowness == 0) continue;
    ++slowed;
    SIM_REQUIRE(listener_->burned.contains(place->room->settings().id), "a room is slowed for another's logic");
  }
  SIM_REQUIRE(side.stats.rooms_slowed.read() == slowed, "slowed rooms are counted");
}

void Simulation::settle(std::int64_t for_ns) {
  const std::int64_t until_ns = now_ns_ + for_ns;
  while (now_ns_ < until_ns) step();
}

std::string Simulation::describe(const Client& client) const {
  const Wire& wire = *client.wire();
  std::string text = "player " + std::to_string(client.player()) + " of " + client.room_id() + " (" +
                     client.habits().type + "; has tick " + std::to_string(client.mirror().have()) + ", event " +
                     std::to_string(client.event()) + "; wire: " + std::to_string(wire.unsent.size()) + " unsent, " +
                     std::to_string(wire.kept.size()) + " kept, waits for writable " +
                     std::to_string(wire.wants_writable) + ", delay " + std::to_string(wire.quality.delay_ns / ms) +
                     " ms";
  for (const auto& side : workers_)
    for (const auto& place : side->worker->places()) {
      if (!place->room || place->room->settings().id != client.room_id()) continue;
      text += "; room: tick " + std::to_string(place->room->tick()) + ", sent " +
              std::to_string(place->room->frames().tick()) + ", event " + std::to_string(place->room->events().last());
      const Worker::Placed* placed = side->worker->placed(*place, client.player());
      if (placed == nullptr) continue;
      const Line::Position at = placed->link->read();
      text += "; line: base " + std::to_string(at.base) + ", event " + std::to_string(at.event) + ", wants " +
              std::to_string(placed->link->wants.load()) + ", batches out " +
              std::to_string(place->batches_out[placed->connection.loop]);
    }
  return text + ")";
}

const Room* Simulation::room_of(const Client& client) const {
  if (client.phase() != Client::Phase::seated) return nullptr;
  const Room* room = truth_.of(client.room_id()).room;
  return room == nullptr || room->settings().authority == Authority::logic ? nullptr : room;
}

// Why this client is not yet at the present; empty where it is.
std::string Simulation::lacks(const Client& client) const {
  const Room* room = room_of(client);
  if (room == nullptr) return {};
  const Tick period = room->settings().tick_rate / room->settings().send_rate;
  if (client.mirror().have() + std::max<Tick>(room->ticks_of_ms(300), 2 * period) < room->frames().tick())
    return "is old though its line is good";
  // A slow room needs many frames for a burst of events.
  const EventNumber events =
      room->settings().send_rate >= 10 && !client.acts ? room->events().last() : room->frames().event();
  if (client.event() < events) return "lacks events";
  if (client.acts) return {};
  if (room->settings().views) {
    const std::string fault = Snapshot::of(*room)->fault(client.mirror(), client.player(), true);
    if (!fault.empty()) return "has a mirror in which " + fault;
  } else if (client.mirror().hash() != world_hash(room->world())) {
    return "has a mirror that is not the world";
  }
  const auto seat = std::ranges::find(room->seats(), client.player(), [](const auto& at) { return at->number; });
  if (seat == room->seats().end()) return "has no seat";
  if ((*seat)->direct.continues_at(client.direct()) != (*seat)->direct.last()) return "lacks direct messages";
  if (client.unconfirmed() != 0) return "has actions that nobody confirmed";
  return {};
}

// Everyone must be at the present at least once within this time.
void Simulation::expect_present(std::int64_t within_ns) {
  std::vector<const Client*> waiting;
  for (const Player& player : players_) waiting.push_back(player.client.get());
  const std::int64_t until_ns = now_ns_ + within_ns;
  while (!waiting.empty() && now_ns_ < until_ns) {
    settle(10 * ms);
    std::erase_if(waiting, [this](const Client* client) { return lacks(*client).empty(); });
  }
  if (!waiting.empty()) throw Broken(describe(*waiting.front()) + " " + lacks(*waiting.front()));
}

// Trouble is over: who is connected must get the present within bounded time, while others still write; and all of it when they stop.
void Simulation::check_end() {
  std::uint16_t slowest = 240;
  for (const RoomSettings& type : types_) slowest = std::min(slowest, type.send_rate);
  const std::int64_t bound_ns = 2500 * ms + 5 * second / slowest;
  for (int i = 0; i < 100 && listener_->slowed() != 0; ++i) settle(100 * ms);
  SIM_REQUIRE(listener_->slowed() == 0, "rates come back when the load has gone");
  for (Player& player : players_) player.client->may_pace = false;
  std::int64_t owed_ns = 0;  // what was taken above a quota is waited for, though that is lifted
  for (const Player& player : players_)
    if (const WirePointer& wire = player.client->wire()) owed_ns = std::max(owed_ns, std::max(wire->messages_paid_ns, wire->bytes_paid_ns) - now_ns_);
  settle(1200 * ms + owed_ns);  // the last connections come back, windows open
  expect_present(bound_ns);
  for (Player& player : players_) player.client->acts = false;
  settle(300 * ms);
  expect_present(bound_ns);
  for (const Player& player : players_) {
    const Client& client = *player.client;
    const Room* room = room_of(client);
    if (room != nullptr && room->settings().authority == Authority::player && !client.hostile()) client.check_said();
  }
  for (const RoomRecordPointer& record : lobby_->all()) {
    const RoomTruth& room = truth_.of(record->id);
    if (room.room == nullptr) continue;
    const auto is_player = [](const auto& seat) { return seat->role == wire::Role::Player; };
    const auto count = static_cast<std::uint32_t>(std::ranges::count_if(room.room->seats(), is_player));
    SIM_REQUIRE(record->seats_taken == count,
                "the lobby counts " + std::to_string(record->seats_taken) + " seats of " + std::to_string(count));
    SIM_REQUIRE(record->others_taken == room.room->seats().size() - count, "the lobby counts other spectators");
  }
}

}  // namespace tickrelay::sim
