#include "bench/peers/peer_load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "bench/net/clock.h"
#include "bench/peers/colyseus_dialect.h"
#include "bench/peers/dialect_player.h"
#include "bench/peers/kernel_queue.h"
#include "bench/peers/plain_dialect.h"
#include "bench/peers/socketio_dialect.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t grain_ns = 487 * us_ns;  // as in bench/load: no rate's period is a multiple of it
constexpr std::int64_t sweep_ns = 10 * ms_ns;
constexpr std::uint32_t under_way_max = 32;
constexpr int events_max = 1'024;
constexpr std::uint32_t values_kept_for_slow = 1'024;  // 34 s at 30 Hz

std::unique_ptr<Dialect> make_dialect(Peer::Protocol protocol, const std::string& new_room) {
  switch (protocol) {
    case Peer::Protocol::plain: return std::make_unique<PlainDialect>(new_room);
    case Peer::Protocol::socketio: return std::make_unique<SocketIoDialect>(new_room, false);
    case Peer::Protocol::socketio_binary: return std::make_unique<SocketIoDialect>(new_room, true);
    case Peer::Protocol::colyseus: return std::make_unique<ColyseusDialect>();
    case Peer::Protocol::relay: break;
  }
  return nullptr;
}

// Every peer gets the same steps, those that tickrelay's schema of this work can say.
const std::vector<Field>& walk_fields() {
  static const std::vector<Field> fields(
      4, {.name = {}, .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 0.001});
  return fields;
}

}  // namespace

PeerLoad::PeerLoad(const Peer& peer, const Endpoint& endpoint, PeerLoadOptions options)
    : options_(options),
      endpoint_(endpoint),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      relay_events_(*this),
      commons_{.events = relay_events_},
      schedule_(options.rooms * options.players, options.rate_hz),
      meter_(options.rooms, options.players, options.rate_hz,
             options.slow_one_in > 0 ? values_kept_for_slow : SentLog::kept_mostly),
      rooms_(options.rooms),
      returns_ns_(options.rooms * options.players),
      entities_(options.rooms * options.players) {
  for (std::uint32_t number = 0; number < options.rooms * options.players; ++number) add_player(peer, number);
  for (std::uint32_t room = 0; room < options.rooms; ++room) waiting_.push_back(room * options.players);
}

PeerLoad::~PeerLoad() {
  players_.clear();
  ::close(epoll_);
}

void PeerLoad::add_player(const Peer& peer, std::uint32_t number) {
  Player::Traits traits{.number = number, .decodes = number % options_.decode_one_in == 0};
  if (options_.slow_one_in > 0 && number % options_.slow_one_in == 1) {
    traits.decodes = true;
    traits.read_bytes_per_s = options_.slow_bytes_per_s;
    traits.receive_buffer_bytes = options_.slow_receive_buffer_bytes;
  }
  if (peer.protocol == Peer::Protocol::relay) {
    auto player = std::make_unique<RelayPlayer>(commons_, endpoint_, traits, peer.floor.empty());
    relay_events_.players.push_back(player.get());
    players_.push_back(std::move(player));
  } else {
    auto dialect = make_dialect(peer.protocol, "r" + std::to_string(number / options_.players));
    PlayerEvents& events = *this;
    players_.push_back(
        std::make_unique<DialectPlayer>(events, endpoint_, commons_.scratch, traits, std::move(dialect)));
  }
  watched_.push_back(players_.back().get());
  if (traits.read_bytes_per_s > 0) slow_.push_back(players_.back().get());
  walks_.emplace_back(number + 1, 1.0 / options_.rate_hz);
}

void PeerLoad::gather(std::int64_t timeout_ns) {
  const std::int64_t give_up_ns = now_ns() + timeout_ns;
  while (seated_ < players_.size() && failure_.empty()) {
    invite();
    poll(5 * ms_ns);
    sweep(now_ns());
    if (now_ns() > give_up_ns) failure_ = "only " + std::to_string(seated_) + " players had their seats in time";
  }
  if (!failure_.empty()) throw std::runtime_error(failure_);
  gathered_ = true;
}

void PeerLoad::invite() {
  while (failure_.empty() && under_way_ < under_way_max && !waiting_.empty()) {
    Player& player = *players_[waiting_.front()];
    const std::string& room = rooms_[waiting_.front() / options_.players];
    waiting_.pop_front();
    ++under_way_;
    if (!watch_new(player, player.join(room))) failure_ = std::strerror(errno);
  }
}

void PeerLoad::play(std::int64_t until_ns) {
  std::int64_t next_grain_ns = now_ns();
  if (!std::exchange(started_, true)) {
    schedule_.start(next_grain_ns);
    next_sweep_ns_ = next_grain_ns;
  }
  for (;;) {
    poll(0);
    const std::int64_t now = now_ns();
    move_all(now);
    if (now >= next_sweep_ns_) {
      sweep(now);
      meter_.sample_ages(now, watched_);
      // Anywhere in its 10 ms, so that ages are not always looked at in the same phases of the tick.
      const double turns = static_cast<double>(++sweeps_) * 0.6180339887498949;
      next_sweep_ns_ = now + sweep_ns / 2 + static_cast<std::int64_t>((turns - std::floor(turns)) * sweep_ns);
    }
    if (now >= until_ns) return;
    next_grain_ns = std::max(next_grain_ns + grain_ns, now);
    sleep_until_ns(next_grain_ns);
  }
}

void PeerLoad::move_all(std::int64_t now) {
  while (const auto turn = schedule_.next(now)) {
    Player& player = *players_[turn->player];
    if (!player.seated()) continue;
    const Placement& placement = walks_[turn->player].step(walk_fields());
    const Connection::Sent sent = player.move(placement);
    meter_.on_move(player, placement, turn->intended_ns, now_ns());
    if (sent == Connection::Sent::refused) meter_.count_error("move not sent: the server does not read");
  }
}

Returned PeerLoad::drop_and_return(std::int64_t patience_ns) {
  returned_ = {};
  for (std::uint32_t number = 0; number < players_.size(); number += options_.players) {
    Player& player = *players_[number];
    if (player.slow() || !player.seated()) continue;
    player.drop();
    ++returned_.dropped;
  }
  play(now_ns() + 100 * ms_ns);  // the server notices
  for (std::uint32_t number = 0; number < players_.size(); number += options_.players) {
    Player& player = *players_[number];
    if (player.seated() || player.slow()) continue;
    returns_ns_[number] = now_ns();
    if (!watch_new(player, player.come_back())) meter_.count_error("cannot come back");
  }
  const std::int64_t give_up_ns = now_ns() + patience_ns;
  while (returned_.back < returned_.dropped && now_ns() < give_up_ns) play(now_ns() + 5 * ms_ns);
  return returned_;
}

std::int64_t PeerLoad::slow_unsent_bytes(int server_port) const {
  std::vector<int> ports;
  for (const Player* player : slow_) ports.push_back(local_port(player->connection().socket()));
  return kernel_unsent_bytes(server_port, ports);
}

bool PeerLoad::watch_new(Player& player, bool started) {
  if (!started) return false;
  player.watched = EPOLLOUT;
  epoll_event event{.events = player.watched, .data = {.u32 = player.traits().number}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, player.connection().socket(), &event) == 0;
}

// Slow players are read by sweep() alone, once they play.
void PeerLoad::watch(Player& player) {
  if (player.connection().socket() < 0) return;
  const bool paced = player.slow() && player.seated();
  const bool connecting = player.connection().state() == Connection::State::connecting;
  const std::uint32_t wanted = (paced || connecting ? 0U : std::uint32_t{EPOLLIN}) |
                               (player.connection().wants_write() ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == player.watched) return;
  player.watched = wanted;
  epoll_event event{.events = wanted, .data = {.u32 = player.traits().number}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, player.connection().socket(), &event);
}

void PeerLoad::poll(std::int64_t timeout_ns) {
  std::array<epoll_event, events_max> events;
  const timespec timeout{timeout_ns / second_ns, timeout_ns % second_ns};
  const timespec none{};
  int count = epoll_pwait2(epoll_, events.data(), events_max, &timeout, nullptr);
  while (count > 0) {
    for (int i = 0; i < count; ++i) {
      Player& player = *players_[events[i].data.u32];
      if (events[i].events & EPOLLOUT) player.on_writable();
      if (events[i].events & ~std::uint32_t{EPOLLOUT}) player.read();
      watch(player);
    }
    if (count < events_max) return;
    count = epoll_pwait2(epoll_, events.data(), events_max, &none, nullptr);
  }
}

void PeerLoad::sweep(std::int64_t) {
  for (const auto& player : players_) player->sweep();
  for (Player* player : slow_) {
    if (!player->seated()) continue;
    player->read();
    watch(*player);
  }
}

void PeerLoad::on_seated(Player& player) {
  const std::uint32_t number = player.traits().number;
  meter_.seat(player);
  if (gathered_) return;
  --under_way_, ++seated_;
  entities_[number] = player.entity();
  if (number % options_.players != 0) return;
  rooms_[number / options_.players] = player.room();
  for (std::uint32_t other = 1; other < options_.players; ++other) waiting_.push_back(number + other);
}

void PeerLoad::on_value(Player& player, std::uint32_t entity, const Placement& placement) {
  meter_.on_value(player, entity, placement, now_ns());
}

void PeerLoad::on_frame(Player& player) {
  const std::int64_t now = now_ns();
  meter_.on_frame(player, now);
  std::int64_t& since_ns = returns_ns_[player.traits().number];
  if (since_ns == 0) return;
  returned_.until_frame.add(now - std::exchange(since_ns, 0));
  ++returned_.back;
  returned_.in_their_seats += player.entity() == entities_[player.traits().number] ? 1 : 0;
}

void PeerLoad::on_closed(Player& player, const std::string& reason) {
  if (gathered_) {
    meter_.count_error(std::string(player.slow() ? "slow player closed: " : "closed: ") + reason);
  } else {
    failure_ = "player " + std::to_string(player.traits().number) + " was closed: " + reason;
  }
}

}  // namespace tickrelay::bench
