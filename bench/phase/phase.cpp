#include "bench/phase/phase.h"

#include <tickrelay/client.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <vector>

#include "bench/load/schema_compiler.h"
#include "bench/load/server_process.h"
#include "bench/lossy/lossy_link.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t patience_ns = 30 * second_ns;
constexpr std::int64_t settle_ns = 6 * second_ns;  // clocks agree, phases have moved
constexpr const char* component = "bench.Transform";

SpawnOptions relay(const PhaseOptions& options) {
  SpawnOptions spawn{.program = options.program, .ready_line = "tickrelay is ready"};
  spawn.arguments = {"--dev",         "--config",       "FOLDER/tickrelay.toml", "--listen",          "0.0.0.0:0",   "--ops-listen",
                     "127.0.0.1:0",   "--admin",        "FOLDER/admin.sock",     "--log-level", "warn"};
  if (options.delay_ns < 0) spawn.arguments[4] = "127.0.0.1:0";
  spawn.files = {{"bench.bfbs", compile_schema(bench_schema_text())},
                 {"tickrelay.toml",
                  "[type.bench]\nschema = \"FOLDER/bench.bfbs\"\ncreate = \"clients\"\ntick_rate = " +
                      std::to_string(options.rate_hz) + "\n"}};
  return spawn;
}

struct Player {
  Player(const std::string& url, bool aligned) : client(url, {.align_sends = aligned}), aligned(aligned) {}

  Client client;
  bool aligned;
  std::shared_ptr<Room> room;
  std::vector<std::int64_t> sent_ns;  // by what was set as x
  std::size_t next = 0;               // not seen yet
  std::uint32_t early_us = 0;
};

class Play {
 public:
  Play(const PhaseOptions& options, const std::string& url) : options_(options), watcher_(url, {}) {
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < options.players; ++i) {
      players_.push_back(std::make_unique<Player>(url, i % 2 == 0));
      // They come at any moment: those that are not aligned have the phase at which they came.
      const std::int64_t wait_ns = std::uniform_int_distribution<std::int64_t>(0, second_ns / options.rate_hz)(random);
      join(*players_.back());
      poll_until(now_ns() + wait_ns);
    }
    room_ = watcher_.join_or_create("bench");
    room_->on_change(component, [this](const Change& change) { look(change); });
  }

  PhaseRun run() {
    const std::int64_t give_up_ns = now_ns() + patience_ns;
    while (!ready()) {
      if (now_ns() > give_up_ns) throw std::runtime_error("the players do not get into their room");
      step();
    }
    poll_until(now_ns() + settle_ns);
    measured_ = true;
    run_ = {};
    poll_until(now_ns() + options_.duration_ns);
    return run_;
  }

 private:
  PhaseSide& side(const Player& player) { return player.aligned ? run_.aligned : run_.unaligned; }

  void join(Player& player) {
    player.room = player.client.join_or_create("bench");
    player.room->on_send_tick([this, &player] {
      const std::array<float, 4> value{static_cast<float>(player.sent_ns.size()), 0, 0, 0};
      player.sent_ns.push_back(now_ns());
      if (measured_) ++side(player).sent;
      player.room->set(player.room->entity(), component, {reinterpret_cast<const std::uint8_t*>(value.data()), sizeof value});
    });
    player.room->on_state_change([this, &player](const State&) {
      const std::uint32_t early_us = player.room->stats().early_us;
      if (measured_ && early_us != 0 && early_us != player.early_us) side(player).early.add(std::int64_t{early_us} * 1000);
      player.early_us = early_us;
    });
  }

  void look(const Change& change) {
    float x = 0;
    std::memcpy(&x, change.value.data(), sizeof x);
    const auto number = static_cast<std::size_t>(std::lround(x));
    for (const auto& player : players_) {
      if (player->room->entity() != change.entity || number >= player->sent_ns.size()) continue;
      // What a newer value replaced on the way is here with that one.
      for (std::size_t each = player->next; each <= number; ++each) side(*player).latency.add(now_ns() - player->sent_ns[each]);
      side(*player).replaced += number - std::min(player->next, number);
      player->next = number + 1;
    }
  }

  bool ready() const {
    const auto in = [](const Room& room) {
      if (room.phase() == Room::Phase::left) throw std::runtime_error("a player was turned away");
      return room.phase() == Room::Phase::joined && room.stats().frames > 3;
    };
    return in(*room_) && std::ranges::all_of(players_, [&](const auto& player) { return in(*player->room); });
  }

  void poll_until(std::int64_t until_ns) {
    while (now_ns() < until_ns) step();
  }

  void step() {
    std::int64_t wake_ns = now_ns() + (options_.frame_ns == 0 ? ms_ns / 2 : options_.frame_ns);
    watcher_.poll();
    for (const auto& player : players_) {
      player->client.poll();
      if (options_.frame_ns == 0 && player->room->phase() == Room::Phase::joined)
        wake_ns = std::min(wake_ns, now_ns() + static_cast<std::int64_t>(player->room->next_send_tick_s() * 1e9));
    }
    // A watcher that polled once a frame would measure its own frame time.
    for (; options_.frame_ns != 0 && now_ns() + ms_ns / 2 < wake_ns; watcher_.poll()) sleep_until_ns(now_ns() + ms_ns / 2);
    sleep_until_ns(wake_ns);
  }

  PhaseOptions options_;
  bool measured_ = false;
  PhaseRun run_;
  Client watcher_;
  std::shared_ptr<Room> room_;
  std::vector<std::unique_ptr<Player>> players_;
};

}  // namespace

PhaseRun run_phase(const PhaseOptions& options) {
  std::optional<LossyLink> link;
  if (options.delay_ns >= 0) link.emplace(LossyLink::Options{.delay_ns = options.delay_ns, .loss = 0});
  if (link) link->enter(LossyLink::End::near);
  const ServerProcess server(relay(options));
  if (link) link->enter(LossyLink::End::far);
  std::string url = server.url();
  if (link) url = std::string("ws://") + LossyLink::near_address + url.substr(url.rfind(':'));
  return Play(options, url.substr(0, url.find('/', 5))).run();
}

}  // namespace tickrelay::bench
