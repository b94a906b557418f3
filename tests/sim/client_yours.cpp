// What a client is told alone: a Yours, its messages, and how far its actions are in the state.

#include <algorithm>
#include <set>

#include "client.h"

namespace tickrelay::sim {

namespace {

bool is_refusal(const std::string& label) {
  static const std::set<std::string> labels = {"not_owner", "not_allowed", "no_such_entity", "no_such_component", "bad_value", "bad_id", "entity_exists",
                                               "too_many_entities", "too_many_messages", "no_such_player", "no_receiver", "too_large"};
  return labels.contains(label);
}

}  // namespace

void Client::apply_yours(const wire::Yours& yours) {
  if (yours.event() > event_) {
    const RoomTruth& room = truth_.of(room_id_);
    const std::uint32_t leapt = room.events.leapt(event_, yours.event(), leaps_known_);
    SIM_REQUIRE(yours.events_lost() + leapt >= yours.event() - event_, "fewer events are said to be lost than were");
    SIM_REQUIRE(leapt == 0 || term_ != came_term_ || yours.events_lost() + leapt <= yours.event() - came_event_,
                "what a crash skipped before this player came is said to be lost to it");
    if (leapt != 0) tally_.count(Fault::leap);
    SIM_REQUIRE(
        room.room == nullptr || room.room->term() != term_ || room.room->events().continues_at(event_) >= yours.event(),
        "events are given up that are still held");
    event_ = yours.event();
    tally_.count(Fault::events_lost);
  }
  direct_events(yours);
  if (yours.ids_count() != 0) {
    const std::uint32_t end = yours.ids_first() + yours.ids_count();
    const bool known = std::ranges::any_of(blocks_, [&](const Block& block) { return block.end == end; });
    if (!known) blocks_.push_back({yours.ids_first(), end});
  }
  confirm(yours.head()->applied_seq());
  // What was applied after its tick may show already, and hide what it confirms.
  if (yours.head()->tick() < mirror_.have()) return tally_.count(Fault::yours_passed);
  check_written();
}

void Client::direct_events(const wire::Yours& yours) {
  if (yours.direct() == nullptr) return;
  const bool gone = truth_.of(room_id_).room == nullptr;  // its last messages were not read
  Record& record = truth_.of(room_id_).direct[player_];
  std::uint32_t number = yours.direct_first();
  if (number > direct_ + 1) {
    tally_.count(Fault::direct_lost);
    missed_direct_ = true;
    // The largest here are 9 kB: at least six newer ones pushed it out.
    SIM_REQUIRE(record.skipped(direct_, number) || record.last() - (number - 1) >= 6,
                "direct messages are lost that still had a place");
  }
  for (const wire::Event* event : *yours.direct()) {
    if (number > direct_) {
      const auto data = event->data() == nullptr
                            ? std::span<const std::byte>{}
                            : std::as_bytes(std::span(event->data()->data(), event->data()->size()));
      const auto hash = event_hash(event->kind(), event->player(), event->type() == nullptr ? "" : event->type()->str(),
                                   data, event->request(), event->seq(), event->skip_sender());
      SIM_REQUIRE(number <= record.last() || gone, "a direct message that nobody made");
      const auto truth = record.at(number);
      SIM_REQUIRE(!truth || *truth == hash, "direct message " + std::to_string(number) + " is another");
      if (event->kind() == wire::EventKind::Failure) {
        refused_.insert(event->request());
        const std::string label = event->type()->str();
        SIM_REQUIRE(is_refusal(label), "an action is refused without a reason of the protocol: " + label);
        if (label == "too_many_entities") tally_.count(Fault::too_many_entities);
        if (label == "too_many_messages") tally_.count(Fault::too_many_messages);
      }
      ++tally_.events_delivered;
      direct_ = number;
    }
    ++number;
  }
}

void Client::confirm(std::uint32_t applied_seq) {
  SIM_REQUIRE(applied_seq < next_seq_, "an action is confirmed that was never sent");
  applied_seq_ = std::max(applied_seq_, applied_seq);
  while (!unconfirmed_.empty() && unconfirmed_.front().seq <= applied_seq_) {
    unconfirmed_.pop_front();
    ++tally_.actions_confirmed;
  }
  unsent_ = std::min(unsent_, unconfirmed_.size());
}

// By the truth: the Failure may still be on its way.
bool Client::was_refused(std::uint32_t seq) const {
  const auto& failed = truth_.of(room_id_).failed;
  const auto of = failed.find(player_);
  return of != failed.end() && of->second.contains(seq);
}

// What was confirmed is in the state of this tick: the newest confirmed write of each own field shows.
void Client::check_written() {
  for (auto it = spawned_.begin(); it != spawned_.end();) {
    if (it->second > applied_seq_) {
      ++it;
      continue;
    }
    const auto despawned = despawned_.find(it->first);
    const bool gone = despawned != despawned_.end() && despawned->second <= applied_seq_;
    SIM_REQUIRE(was_refused(it->second) || gone == (mirror_.owner(it->first) != player_),
                "a confirmed spawn is not there, or a confirmed despawn is");
    it = spawned_.erase(it);
  }
  for (auto it = written_.begin(); it != written_.end();) {
    const auto& [key, writes] = *it;
    if (writes.front().seq > applied_seq_) {
      ++it;
      continue;
    }
    auto& queue = it->second;
    if (was_refused(queue.front().seq)) {
      queue.erase(queue.begin());
      it = queue.empty() ? written_.erase(it) : std::next(it);
      continue;
    }
    while (queue.size() > 1 && queue[1].seq <= applied_seq_) queue.erase(queue.begin());
    const auto despawned = despawned_.find(key.entity);
    if (despawned == despawned_.end() || despawned->second > applied_seq_) {
      const std::string* value = mirror_.value(key.entity, key.component);
      SIM_REQUIRE(value != nullptr, "a confirmed write to entity " + std::to_string(key.entity) + " is not there");
      const Shape::Component& shape = shape_.components[key.component];
      const bool same = shape.bytes == 0 ? *value == queue.front().bytes
                                         : value->compare(shape.fields[key.field].offset, queue.front().bytes.size(),
                                                          queue.front().bytes) == 0;
      SIM_REQUIRE(same, "write " + std::to_string(queue.front().seq) + " of player " + std::to_string(player_) +
                            " to entity " + std::to_string(key.entity) + ", component " +
                            std::to_string(key.component) + ", field " + std::to_string(key.field) + " is confirmed (" +
                            std::to_string(applied_seq_) + ") and does not show");
    }
    queue.erase(queue.begin());
    it = queue.empty() ? written_.erase(it) : std::next(it);
  }
}

}  // namespace tickrelay::sim
