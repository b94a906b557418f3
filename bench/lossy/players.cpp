#include "bench/lossy/players.h"

#include <tickrelay/client.h>

#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t patience_ns = 30 * second_ns;
constexpr std::int64_t settle_ns = 3 * second_ns;  // windows open, clocks agree
constexpr std::int64_t sample_ns = 10 * ms_ns;

struct Player {
  Player(const std::string& url, bool shield) : client(url, {.loss_shield = shield}), shielded(shield) {}

  Client client;
  bool shielded;
  std::shared_ptr<Room> room;
  std::int64_t acts_ns = 0;
  std::uint64_t drops = 0;
  bool measured = false;
};

std::int64_t age_ns(const Room& room) { return static_cast<std::int64_t>(room.state_age() * 1e9); }

class Crowd {
 public:
  explicit Crowd(const PlayersOptions& options) : period_ns_(second_ns / options.rate_hz) {
    for (std::uint32_t i = 0; i < options.players; ++i) {
      Player& player = *players_.emplace_back(std::make_unique<Player>(options.url, i % 2 == 1));
      player.room = player.client.join_or_create("bench");
      player.room->on_drop([&player](std::uint16_t, const std::string&) { ++player.drops; });
      Ages& ages = player.shielded ? both_.shielded : both_.bare;
      player.room->on_state_change([&player, &ages](const State&) {
        if (player.measured) ages.arrival.add(age_ns(*player.room));
      });
    }
  }

  BothAges run(std::int64_t duration_ns) {
    const std::int64_t give_up_ns = now_ns() + patience_ns;
    while (!ready()) {
      if (now_ns() > give_up_ns) throw std::runtime_error("the players do not get into their room, or get no copies");
      step();
    }
    for (const std::int64_t until_ns = now_ns() + settle_ns; now_ns() < until_ns;) step();
    std::vector<Stats> before;
    for (const auto& player : players_) {
      before.push_back(player->room->stats());
      player->measured = true;
      player->drops = 0;
    }
    std::int64_t next_sample_ns = now_ns();
    for (const std::int64_t until_ns = now_ns() + duration_ns; now_ns() < until_ns;) {
      step();
      if (now_ns() < next_sample_ns) continue;
      next_sample_ns += sample_ns;
      for (const auto& player : players_) ages_of(*player).sampled.add(age_ns(*player->room));
    }
    for (std::size_t i = 0; i < players_.size(); ++i) count(*players_[i], before[i]);
    return both_;
  }

 private:
  Ages& ages_of(const Player& player) { return player.shielded ? both_.shielded : both_.bare; }

  bool ready() const {
    for (const auto& player : players_) {
      if (player->room->phase() == Room::Phase::left) throw std::runtime_error("a player was turned away");
      const Stats& stats = player->room->stats();
      if (stats.frames < 10 || (player->shielded && stats.copies == 0)) return false;
    }
    return true;
  }

  void step() {
    for (const auto& player : players_) {
      player->client.poll();
      if (player->room->phase() != Room::Phase::joined || now_ns() < player->acts_ns) continue;
      player->acts_ns = now_ns() + period_ns_;
      turn_ += 0.01F;
      const std::array<float, 4> transform{std::cos(turn_), std::sin(turn_), 0, turn_};
      player->room->set(player->room->entity(), "bench.Transform",
                        {reinterpret_cast<const std::uint8_t*>(transform.data()), sizeof transform});
    }
    sleep_until_ns(now_ns() + ms_ns);
  }

  void count(const Player& player, const Stats& before) {
    Ages& ages = ages_of(player);
    const Stats& now = player.room->stats();
    ages.frames += now.frames - before.frames;
    ages.copies += now.copies - before.copies;
    ages.shielded += now.shielded - before.shielded;
    ages.bytes_received += now.bytes_received - before.bytes_received;
    ages.drops += player.drops;
  }

  std::int64_t period_ns_;
  float turn_ = 0;
  BothAges both_;
  std::vector<std::unique_ptr<Player>> players_;
};

}  // namespace

BothAges play(const PlayersOptions& options) { return Crowd(options).run(options.duration_ns); }

}  // namespace tickrelay::bench
