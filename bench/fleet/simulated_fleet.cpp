#include "bench/fleet/simulated_fleet.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <utility>

#include "bench/fleet/fleet_parts.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t fill_every_ns = 100 * fleet_ms, beat_every_ns = fleet_second;
constexpr std::int64_t scale_every_ns = 10 * fleet_second, sample_every_ns = 60 * fleet_second;
constexpr std::int64_t again_ns = 200 * fleet_ms, deaf_after_ns = 2'500 * fleet_ms;
constexpr std::int64_t ask_patience_ns = fleet_second;  // of a node that sends a new room to another
constexpr std::int64_t quiet_before_drain_ns = 300 * fleet_second, watched_after_ns = 3'600 * fleet_second;
constexpr std::size_t observers_count = 2, regions = 3;

template <typename Work>
double spent_ns(Work work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  return static_cast<double>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - from).count());
}

}  // namespace

const char* name_of(FleetTrouble::Kind kind) {
  constexpr const char* names[] = {"a process ends", "a machine goes", "a region goes", "JetStream elects"};
  return names[static_cast<std::size_t>(kind)];
}

SimulatedFleet::SimulatedFleet(FleetPlan plan) : plan_(std::move(plan)), random_(plan_.seed) {
  end_ns_ = static_cast<std::int64_t>(plan_.hours * 3'600e9);
}
SimulatedFleet::~SimulatedFleet() = default;

void SimulatedFleet::later(std::int64_t delay_ns, std::function<void()> what) { todo_.push({now_ns_ + delay_ns, ++numbers_, std::move(what)}); }

// From the quietest hour to the busiest, half a day later, and back.
double SimulatedFleet::wanted_players(std::int64_t at_ns) const {
  const double turn = 2 * std::numbers::pi * seconds_of(at_ns) / 86'400;
  return plan_.players_peak * (plan_.night + (1 - plan_.night) * (1 - std::cos(turn)) / 2);
}

FleetReport SimulatedFleet::run(const std::function<void(const FleetSample&)>& progress) {
  const double rooms = wanted_players(0) / plan_.players_per_room;
  const double middle = (plan_.load_most + plan_.load_least) / 2;
  const auto first = static_cast<std::size_t>(std::ceil(rooms / plan_.rooms_per_node / middle));
  for (std::size_t i = 0; i < std::max(first, std::size_t{3}); ++i) start_node(true);
  const auto every = [this](std::int64_t period_ns, auto what) {
    auto again = std::make_shared<std::function<void()>>();
    *again = [this, period_ns, what, weak = std::weak_ptr(again)] {
      what();
      if (const auto self = weak.lock()) later(period_ns, [self] { (*self)(); });
    };
    later(period_ns, [again] { (*again)(); });
  };
  every(fill_every_ns, [this] { fill(); });
  every(scale_every_ns, [this] { scale(); });
  every(sample_every_ns, [this, &progress] {
    sample();
    progress(report_.samples.back());
  });
  for (const FleetTrouble& trouble : plan_.troubles)
    if (trouble.at_ns < end_ns_) later(trouble.at_ns, [this, trouble] { befall(trouble); });
  later(std::min(end_ns_ - 1, 12 * 3'600 * fleet_second), [this] { measure_directory(); });
  while (!todo_.empty() && todo_.top().at_ns < end_ns_) {
    const Todo next = todo_.top();
    todo_.pop();
    now_ns_ = next.at_ns;
    next.what();
  }
  report_.seconds = seconds_of(end_ns_);
  return report_;
}

// ------------------------------------------------------------------------------------------------------------ the engine

std::uint64_t SimulatedFleet::put_node(const Node& of, const NodeEntry& entry, std::uint64_t expected) {
  Entry& key = node_keys_[of.name];
  if (key.revision != expected) return 0;
  key = {entry, ++revisions_};
  tell_node(of.name);
  return key.revision;
}

void SimulatedFleet::tell_node(const std::string& name) {
  later(plan_.news_ns, [this, name, key = node_keys_[name]] {
    for (const auto& node : nodes_) {
      if (!node->directory || node->dead) continue;
      ++report_.deliveries;
      node->directory->node_is(name, key.entry, key.revision, now_ns_);
      if (key.entry.beat == 1) node->directory->accepted(name, key.entry.incarnation);
    }
  });
}

void SimulatedFleet::tell_room(const std::string& id, bool gone) {
  report_.deliveries += living_.size();
  const auto known = rooms_.find(id);
  const std::uint64_t revision = gone ? revisions_ : known->second.revision;
  const bool all = recovery_ && recovery_->rooms.contains(id);
  later(plan_.news_ns, [this, id, gone, revision, all, claim = gone ? RoomClaim() : known->second.claim] {
    for (const auto& node : nodes_) {
      if (!node->directory || node->dead || !(all || node->hears_rooms)) continue;
      if (gone) {
        node->directory->room_gone(id, revision);
      } else {
        node->directory->room_is(id, claim, revision, now_ns_);
      }
    }
  });
}

// ---------------------------------------------------------------------------------------------------------------- nodes

SimulatedFleet::Node& SimulatedFleet::start_node(bool at_once) {
  Node& node = *nodes_.emplace_back(std::make_unique<Node>());
  if (free_names_.empty()) free_names_.push_back(++names_);
  const std::size_t number = free_names_.front();
  free_names_.pop_front();
  node.name = "n" + std::to_string(number);
  node.incarnation = node.name + "." + std::to_string(nodes_.size());
  node.region = number % regions;
  node.number = number;
  node.hears_rooms = number <= observers_count;
  node.entry.incarnation = node.incarnation;
  node.entry.address = "a";
  const auto begin = [this, &node] {
    node.starting = false;
    node.directory = std::make_unique<Directory>(node.name, node.incarnation, DirectoryTimes{});
    node.directory->rooms_listed();
    for (const auto& [name, key] : node_keys_) {
      node.directory->node_is(name, key.entry, key.revision, now_ns_);
      node.directory->accepted(name, key.entry.incarnation);
    }
    node.directory->nodes_listed();
    by_name_[node.name] = &node;
    node.revision = node_keys_[node.name].revision;
    node.renewed_ns = now_ns_;
    living_.push_back(&node);
    beat(node);
  };
  if (at_once) {
    begin();
  } else {
    later(static_cast<std::int64_t>(plan_.start_s * 1e9), begin);
  }
  return node;
}

void SimulatedFleet::beat(Node& node) {
  if (!node.lives()) return;
  if (!writable()) return later(again_ns, [this, &node] { beat(node); });
  ++node.entry.beat;
  node.entry.headroom = std::max(0.0, 1 - node.load);
  node.entry.rooms = static_cast<std::uint32_t>(node.rooms.size());
  node.entry.draining = node.draining;
  ++report_.beats;
  node.revision = put_node(node, node.entry, node.revision);
  if (now_ns_ - std::exchange(node.renewed_ns, now_ns_) > deaf_after_ns) node.directory->was_deaf(now_ns_);
  // Nodes do not beat in step.
  later(beat_every_ns - static_cast<std::int64_t>(uniform() * static_cast<double>(10 * fleet_ms)), [this, &node] { beat(node); });
}

double SimulatedFleet::load() const {
  double all = 0, nodes = 0;
  for (const Node* node : living_) all += node->load, nodes += node->draining ? 0 : 1;
  return nodes == 0 ? 0 : all / nodes;
}

void SimulatedFleet::scale() {
  const double all = [&] {
    double sum = 0;
    for (const Node* node : living_) sum += node->load;
    return sum;
  }();
  const auto taking = static_cast<std::size_t>(std::ranges::count_if(living_, [](const Node* node) { return !node->draining; }));
  const auto starting = static_cast<std::size_t>(std::ranges::count_if(nodes_, [](const auto& node) { return node->starting; }));
  const auto wanted = static_cast<std::size_t>(std::ceil(all / plan_.load_most));
  for (std::size_t i = taking + starting; i < wanted; ++i) start_node(false);
  if (!report_.recoveries.empty() && load() > 1) report_.recoveries.back().overloaded_s += seconds_of(scale_every_ns);
  const bool quiet = load() < plan_.load_least && taking > 3 && starting == 0 && !recovery_;
  if (!quiet) quiet_since_ns_ = now_ns_;
  if (now_ns_ - quiet_since_ns_ < quiet_before_drain_ns) return;
  quiet_since_ns_ = now_ns_;
  Node* least = nullptr;
  for (Node* node : living_)
    if (!node->draining && !node->hears_rooms && (least == nullptr || node->load < least->load)) least = node;
  if (least != nullptr) drain(*least);
}

void SimulatedFleet::drain(Node& node) {
  node.draining = true;
  move_next(node);
}

// One after another, so that each is away from its players as shortly as it can be.
void SimulatedFleet::move_next(Node& node) {
  if (!node.lives()) return;
  if (node.rooms.empty()) return end_node(node);
  const std::string name = node.directory->best(now_ns_, node.name);
  if (!writable() || name.empty()) return later(again_ns, [this, &node] { move_next(node); });
  node.directory->placed(name);
  later(plan_.take_up_ns, [this, &node, id = *node.rooms.begin(), to = by_name_.at(name)] {
    if (node.lives() && to->lives() && node.rooms.contains(id)) {
      give(id, *to);
      ++report_.rooms_moved;
    }
    move_next(node);
  });
}

void SimulatedFleet::end_node(Node& node) {
  node.over = true;
  node.entry.over = true;
  put_node(node, node.entry, node.revision);
  node.directory.reset();
  std::erase(living_, &node);
  free_names_.push_back(node.number);
}

// ---------------------------------------------------------------------------------------------------------------- rooms

void SimulatedFleet::fill() {
  const auto wanted = static_cast<std::size_t>(wanted_players(now_ns_) / plan_.players_per_room);
  for (std::size_t have = rooms_.size() + rooms_coming_; have < wanted; ++have) {
    ++rooms_coming_;
    make_room(now_ns_);
  }
}

// Asked of any node, which sends it to the one that it takes for the best.
void SimulatedFleet::make_room(std::int64_t since_ns) {
  const auto again = [this, since_ns](std::int64_t in_ns) { later(in_ns, [this, since_ns] { make_room(since_ns); }); };
  Node& asked = *living_[static_cast<std::size_t>(uniform() * static_cast<double>(living_.size()))];
  const std::string name = asked.directory->best(now_ns_);
  if (!writable() || name.empty()) return again(again_ns);
  asked.directory->placed(name);
  Node& to = *by_name_.at(name);
  if (!to.lives()) return again(to.refuses ? fleet_ms : ask_patience_ns);
  later(plan_.write_ns, [this, &to, again, since_ns] {
    if (!to.lives() || !writable()) return again(again_ns);
    const std::string id = "r" + std::to_string(++room_numbers_);
    Room& room = rooms_[id];
    room.cost = (0.5 + uniform()) / plan_.rooms_per_node;
    give(id, to);
    --rooms_coming_;
    ++report_.rooms_made;
    if (to.load > 1) ++report_.rooms_overloaded;
    if (!report_.recoveries.empty() && now_ns_ - seen_ns_ < watched_after_ns)
      report_.recoveries.back().late_s = std::max(report_.recoveries.back().late_s, seconds_of(now_ns_ - since_ns));
    later(static_cast<std::int64_t>((0.5 + uniform()) * plan_.match_s * 1e9), [this, id] { end_room(id); });
  });
}

// A claim, by compare-and-set.
void SimulatedFleet::give(const std::string& id, Node& to) {
  Room& room = rooms_.at(id);
  if (room.owner != nullptr && room.owner->rooms.erase(id) != 0) room.owner->load -= room.cost;
  room.owner = &to;
  room.claim.node = to.name;
  room.claim.incarnation = to.incarnation;
  ++room.claim.term;
  room.revision = ++revisions_;
  to.rooms.insert(id);
  to.load += room.cost;
  ++report_.claims;
  tell_room(id, false);
}

void SimulatedFleet::end_room(const std::string& id) {
  const auto known = rooms_.find(id);
  if (known == rooms_.end()) return;
  if (known->second.owner->rooms.erase(id) != 0) known->second.owner->load -= known->second.cost;
  ++revisions_;
  ++report_.removals;
  tell_room(id, true);
  rooms_.erase(known);
  ticks_again(id);
}

// -------------------------------------------------------------------------------------------------------------- figures

void SimulatedFleet::sample() {
  std::vector<double> loads;
  for (const Node* node : living_)
    if (!node->draining) loads.push_back(node->load);
  std::ranges::sort(loads);
  FleetSample sample{.hour = seconds_of(now_ns_) / 3'600, .players = static_cast<double>(rooms_.size()) * plan_.players_per_room};
  sample.nodes = loads.size();
  sample.load = load();
  if (!loads.empty()) {
    sample.load_max = loads.back();
    sample.load_p99 = loads[static_cast<std::size_t>(static_cast<double>(loads.size() - 1) * 0.99)];
    sample.load_min = loads.front();
  }
  const std::uint64_t writes = report_.claims + report_.removals + report_.beats;
  report_.writes_most = std::max(report_.writes_most, static_cast<double>(writes - std::exchange(writes_before_, writes)) / seconds_of(sample_every_ns));
  report_.rooms_most = std::max(report_.rooms_most, static_cast<double>(rooms_.size()));
  report_.nodes_most = std::max(report_.nodes_most, static_cast<double>(living_.size()));
  report_.samples.push_back(sample);
}

// On this machine's clock, for the rooms and nodes that there are now.
void SimulatedFleet::measure_directory() {
  const std::size_t before = mallinfo2().uordblks;
  Directory directory("x", "x.1", DirectoryTimes{});
  directory.rooms_listed();
  for (const auto& [name, key] : node_keys_) directory.node_is(name, key.entry, key.revision, now_ns_);
  directory.nodes_listed();
  const auto rooms = static_cast<double>(std::max<std::size_t>(rooms_.size(), 1));
  report_.directory_rooms = rooms_.size();
  report_.news_ns = spent_ns([&] {
    for (const auto& [id, room] : rooms_) directory.room_is(id, room.claim, room.revision, now_ns_);
  }) / rooms;
  report_.directory_bytes_a_room = static_cast<double>(mallinfo2().uordblks - before) / rooms;
  constexpr int times = 100;
  std::size_t found = 0;
  report_.step_us = spent_ns([&] {
    for (int i = 0; i < times; ++i)
      found += directory.to_probe(now_ns_).size() + directory.to_bury(now_ns_).size() + directory.to_adopt(now_ns_).size();
  }) / times / 1e3;
  report_.place_ns = spent_ns([&] {
    for (int i = 0; i < times; ++i) found += directory.best(now_ns_).size();
  }) / times;
  report_.directory_checked = found;
}

}  // namespace tickrelay::bench
