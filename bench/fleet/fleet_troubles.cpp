// What befalls a simulated fleet, and how its rooms come back.

#include <algorithm>
#include <iterator>

#include "bench/fleet/fleet_parts.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t step_every_ns = 50 * fleet_ms, probe_every_ns = 250 * fleet_ms;

}  // namespace

void SimulatedFleet::befall(const FleetTrouble& trouble) {
  if (recovery_) return later(60 * fleet_second, [this, trouble] { befall(trouble); });
  std::set<Node*> lost;
  if (trouble.kind == FleetTrouble::Kind::leader) leaderless_until_ns_ = now_ns_ + plan_.election_ns;
  if (trouble.kind == FleetTrouble::Kind::region)
    for (Node* node : living_)
      if (node->region == 0) lost.insert(node);
  if (trouble.kind == FleetTrouble::Kind::crash || trouble.kind == FleetTrouble::Kind::power) {
    std::vector<Node*> may;
    std::ranges::copy_if(living_, std::back_inserter(may), [](const Node* node) { return !node->hears_rooms && !node->draining; });
    if (!may.empty()) lost.insert(may[static_cast<std::size_t>(uniform() * static_cast<double>(may.size()))]);
  }
  seen_ns_ = now_ns_;
  report_.recoveries.push_back({.kind = trouble.kind, .hour = seconds_of(now_ns_) / 3'600});
  begin_recovery(lost, trouble.kind == FleetTrouble::Kind::crash);
}

void SimulatedFleet::begin_recovery(const std::set<Node*>& lost, bool refuses) {
  FleetRecovery& report = report_.recoveries.back();
  report.nodes = lost.size();
  if (lost.empty()) return;
  recovery_ = std::make_unique<Recovery>();
  recovery_->from_ns = now_ns_;
  recovery_->nodes = lost;
  for (Node* node : lost) {
    node->dead = true;
    node->refuses = refuses;
    node->directory.reset();
    std::erase(living_, node);
    recovery_->rooms.insert(node->rooms.begin(), node->rooms.end());
  }
  recovery_->missing = recovery_->rooms;
  report.rooms = recovery_->rooms.size();
  for (const std::string& id : recovery_->rooms)
    for (Node* node : living_)
      if (!node->hears_rooms) node->directory->room_is(id, rooms_.at(id).claim, rooms_.at(id).revision, now_ns_);
  step_recovery();
}

void SimulatedFleet::step_recovery() {
  if (recovery_->missing.empty()) {
    for (const std::string& id : recovery_->rooms)
      for (Node* node : living_)
        if (!node->hears_rooms && node->directory->room(id) != nullptr) node->directory->room_gone(id, revisions_);
    recovery_.reset();
    return;
  }
  const bool probe = now_ns_ >= recovery_->probe_due_ns;
  if (probe) recovery_->probe_due_ns = now_ns_ + probe_every_ns;
  for (Node* node : living_) {
    Directory& directory = *node->directory;
    if (probe)
      for (const std::string& name : directory.to_probe(now_ns_))
        if (const Node& other = *by_name_.at(name); other.refuses) directory.refused(name, other.incarnation);
    for (const std::string& name : directory.to_bury(now_ns_)) bury(directory, *by_name_.at(name));
    for (const std::string& id : directory.to_adopt(now_ns_)) {
      if (!rooms_.contains(id) || !node->taking_up.insert(id).second) continue;
      node->to_take_up.push_back(id);
      if (node->to_take_up.size() == 1) take_up_next(*node);
    }
  }
  later(step_every_ns, [this] { step_recovery(); });
}

void SimulatedFleet::bury(const Directory& directory, Node& node) {
  const Directory::Node* known = directory.node(node.name);
  later(plan_.write_ns, [this, &node, expected = known->revision, over = known->entry]() mutable {
    over.over = true;
    if (!writable() || put_node(node, over, expected) == 0) return;
    node.over = true;
    free_names_.push_back(node.number);
    FleetRecovery& report = report_.recoveries.back();
    if (report.noticed_s == 0 && recovery_) report.noticed_s = seconds_of(now_ns_ - recovery_->from_ns);
  });
}

void SimulatedFleet::take_up_next(Node& node) {
  if (node.to_take_up.empty() || !node.lives()) return;
  later(plan_.take_up_ns, [this, &node, id = node.to_take_up.front()] {
    const auto known = rooms_.find(id);
    if (node.lives() && writable() && known != rooms_.end() && known->second.owner->dead) {
      give(id, node);
      ticks_again(id);
    }
    node.taking_up.erase(id);
    node.to_take_up.pop_front();
    take_up_next(node);
  });
}

void SimulatedFleet::ticks_again(const std::string& id) {
  if (!recovery_ || recovery_->missing.erase(id) == 0) return;
  FleetRecovery& report = report_.recoveries.back();
  const double back = static_cast<double>(report.rooms - recovery_->missing.size()) / static_cast<double>(report.rooms);
  const double after_s = seconds_of(now_ns_ - recovery_->from_ns);
  if (back >= 0.5 && report.half_s == 0) report.half_s = after_s;
  if (back >= 0.99 && report.most_s == 0) report.most_s = after_s;
  if (!recovery_->missing.empty()) return;
  report.all_s = after_s;
  report.load_after = load();
}

}  // namespace tickrelay::bench
