// What a client does of its own: writes, spawns, speaks, floods and lies.

#include <algorithm>
#include <bit>
#include <cstring>

#include "client.h"
#include "relay/core/quantise.h"

namespace tickrelay::sim {

namespace {

constexpr std::size_t unconfirmed_max = 200;

template <typename Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

void Client::act() {
  const bool ready = mirror_.have() != 0 && unconfirmed_.size() < unconfirmed_max;
  if (acts && ready)
    for (int i = 0; i < 4 && random_.chance(habits_.act_chance); ++i)
      if (!act_once()) break;
  if (acts && ready && habits_.hostile && !only_sets && random_.chance(0.05)) be_hostile();
  if (!wire_ || misbehaved_) return;
  if (phase_ == Phase::seated && (may_pace ? random_.chance(0.002) : paced_)) {
    paced_ = may_pace && random_.chance(0.5);
    if (paced_) tally_.count(Fault::paced);
    ask_for(paced_ ? static_cast<std::uint32_t>(random_.between(200, 20'000)) : 0);
  }
  const bool asks = lost_ || (acts && mirror_.have() != 0 && random_.chance(0.001));
  if (phase_ == Phase::seated && now_ns_ >= may_ask_ns_ && asks) {
    may_ask_ns_ = now_ns_ + 1'100 * ms;  // says that its copy is broken
    tally_.count(Fault::asked_resync);
    ask_for_whole();
  }
  const bool acknowledges = acknowledging && acknowledge_at_ns_ >= 0 && now_ns_ >= acknowledge_at_ns_;
  while (unsent_ > 64) send_update(unconfirmed_.size() - unsent_);
  if (unsent_ != 0 || acknowledges) send_update(unconfirmed_.size() - unsent_);
}

bool Client::act_once() {
  if (!only_sets && messages && random_.chance(habits_.message_share)) return say_something(), true;
  if (habits_.role == wire::Role::Spectator) return false;
  if (!only_sets && random_.chance(0.08)) return spawn_something(), true;
  if (!only_sets && random_.chance(0.08)) {
    push({.kind = wire::ActionKind::Input, .data = std::string(random_.below(60), 'i')});
    return true;
  }
  set_something();
  return true;
}

void Client::push(Sending action) {
  action.seq = next_seq_++;
  unconfirmed_.push_back(std::move(action));
  ++unsent_;
}

std::string Client::random_value(std::uint16_t component, std::uint64_t mask) {
  const Component& what = layout->component(component);
  std::string out;
  if (what.opaque()) {
    out.resize(random_.below(random_.chance(0.02) ? 2000 : 40));
    for (char& c : out) c = static_cast<char>(random_.next());
    return out;
  }
  for (std::size_t i = 0; i < what.fields.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    const FieldType type = what.fields[i].type;
    if (type == FieldType::Float32)
      put(out, static_cast<float>(random_.between(-4000, 4000)) / 7.0F);
    else if (type == FieldType::Float64)
      put(out, static_cast<double>(random_.between(-4000, 4000)) / 7.0);
    else if (type == FieldType::Bool)
      put(out, static_cast<std::uint8_t>(random_.below(3)));
    else {
      const std::uint64_t bits = random_.chance(0.5) ? random_.next() : random_.below(3);
      out.append(reinterpret_cast<const char*>(&bits), what.fields[i].width());
    }
  }
  return out;
}

std::optional<std::uint32_t> Client::own_entity() {
  std::vector<std::uint32_t> own;
  for (const auto& [id, values] : mirror_.entities())
    if (Mirror::owner_in(values) == player_ && !despawned_.contains(id)) own.push_back(id);
  if (own.empty()) return std::nullopt;
  std::ranges::sort(own);
  return random_.pick(own);
}

// What the relay must show once it says that this was applied.
void Client::expect(const Sending& action) {
  if (!room_is_players) return;
  const Component& what = layout->component(action.component);
  if (what.opaque()) {
    written_[{action.entity, action.component, 0}].push_back({next_seq_, action.data});
    return;
  }
  std::string value = action.data;
  std::uint32_t clamped = 0;
  SIM_REQUIRE(quantise_packed(what, action.mask, std::as_writable_bytes(std::span(value)), clamped),
              "the simulator's own values are good");
  std::size_t at = 0;
  for (std::uint16_t i = 0; i < what.fields.size(); ++i) {
    if ((action.mask >> i & 1) == 0) continue;
    written_[{action.entity, action.component, i}].push_back({next_seq_, value.substr(at, what.fields[i].width())});
    at += what.fields[i].width();
  }
}

void Client::set_something() {
  const bool any = habits_.role == wire::Role::Authority && !room_is_players && !mirror_.entities().empty();
  std::optional<std::uint32_t> entity = own_entity();
  if (any && random_.chance(0.5)) entity = 0;  // the room's own
  if (!entity || layout->components().size() <= first_schema_component) return;
  Sending action{.kind = wire::ActionKind::Set, .entity = *entity};
  action.component = static_cast<std::uint16_t>(
      random_.between(first_schema_component, static_cast<std::int64_t>(layout->components().size()) - 1));
  const Component& what = layout->component(action.component);
  if (!what.opaque()) action.mask = random_.chance(0.3) ? what.all() : with_whole_quats(random_.next() & what.all(), what.quats);
  action.data = random_value(action.component, action.mask);
  expect(action);
  push(std::move(action));
}

void Client::spawn_something() {
  if (layout->components().size() <= first_schema_component) return;
  if (random_.chance(0.45)) {
    const auto entity = own_entity();
    if (!entity || *entity == entity_) return;
    despawned_[*entity] = next_seq_;
    return push({.kind = wire::ActionKind::Despawn, .entity = *entity});
  }
  if (random_.chance(0.1)) {  // of nobody
    for (const auto& [id, values] : mirror_.entities())
      if (id != 0 && mirror_.owner(id) == 0) return push({.kind = wire::ActionKind::Claim, .entity = id});
  }
  while (!blocks_.empty() && blocks_.front().next >= blocks_.front().end) blocks_.pop_front();
  if (blocks_.empty() || mirror_.size() > 150) return;
  // In increasing order; leaps use blocks up, so that further ones are granted.
  Block& block = blocks_.front();
  block.next = std::max(block.next, last_spawned_ + 1);  // what is repeated after a resume has used ids, too
  if (block.next >= block.end) return;
  const std::uint32_t leap = random_.chance(0.05) ? static_cast<std::uint32_t>(random_.below(1500)) : 0;
  const std::uint32_t id = std::min(block.next + leap, block.end - 1);
  block.next = id + 1;
  last_spawned_ = id;
  Sending action{.kind = wire::ActionKind::Spawn, .entity = id};
  if (random_.chance(0.1)) action.flags = wire::ActionFlags::Keep;
  if (hides && random_.chance(0.2)) action.flags |= random_.chance(0.5) ? wire::ActionFlags::Private : wire::ActionFlags::Team;
  action.component = static_cast<std::uint16_t>(
      random_.between(first_schema_component, static_cast<std::int64_t>(layout->components().size()) - 1));
  const Component& what = layout->component(action.component);
  if (!what.opaque()) action.mask = what.all();
  action.data = random_value(action.component, action.mask);
  if (room_is_players) spawned_[id] = next_seq_;
  expect(action);
  push(std::move(action));
}

void Client::say_something() {
  Sending action{.kind = wire::ActionKind::Message, .type = "said"};
  put(action.data, next_seq_);
  action.data.append(random_.below(large_messages && random_.chance(0.03) ? 9000 : 80), 'm');
  const std::uint64_t what = random_.below(10);
  if (what < 6) {
    action.audience = what < 4 ? wire::Audience::All : wire::Audience::Others;
    said_.push_back(next_seq_);
  } else if (what < 9) {
    action.audience = wire::Audience::Players;
    action.type = "told";
    action.to = {player_};
    if (random_.chance(0.7)) action.to.push_back(static_cast<std::uint32_t>(random_.between(1, 12)));
    action.request = random_.chance(0.3) ? 7 : 0;
  } else {
    action.audience = wire::Audience::Authority;
    action.type = "asked";
  }
  push(std::move(action));
}

void Client::be_hostile() {
  const auto own_components = static_cast<std::uint16_t>(random_.below(80));
  switch (random_.below(10)) {
    case 0: {  // bytes
      std::string bytes(random_.below(300), '\0');
      for (char& c : bytes) c = static_cast<char>(random_.next());
      if (random_.chance(0.5) && bytes.size() > 8) bytes.replace(4, 4, "TRM1");
      misbehaved_ = true;
      tally_.count(Fault::hostile_bytes);
      return send_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, wire_);
    }
    case 1: {  // acknowledges the future
      misbehaved_ = true;
      tally_.count(Fault::hostile_acknowledgement);
      builder_.Clear();
      const wire::Ack ack(mirror_.have() + 1 + static_cast<std::uint32_t>(random_.below(1000)) * 1000, event_, direct_);
      builder_.Finish(wire::CreateMessage(builder_, wire::Body::Update, wire::CreateUpdate(builder_, &ack).Union()),
                      "TRM1");
      // Only what is above everything that was sent is a lie that the relay can see.
      const bool lie = ack.tick() > truth_.of(room_id_).terms[term_].newest + 1000;
      if (!lie) misbehaved_ = false;
      if (lie) send_bytes({builder_.GetBufferPointer(), builder_.GetSize()}, wire_);
      return;
    }
    case 2:  // a flood, all of it well formed
      tally_.count(Fault::flood);
      for (int i = 0; i < 300; ++i) {
        push({.kind = wire::ActionKind::Input, .data = "flood"});
        if (unsent_ == 1 || random_.chance(0.2)) send_update(unconfirmed_.size() - unsent_);
      }
      return;
    case 3:
      push({.kind = wire::ActionKind::Set,
            .component = own_components,
            .entity = 0,
            .mask = random_.next(),
            .data = "x"});
      break;
    case 4: push({.kind = wire::ActionKind::Despawn, .entity = entity_}); break;
    case 5:
      push({.kind = wire::ActionKind::Spawn,
            .component = own_components,
            .entity = static_cast<std::uint32_t>(random_.next())});
      break;
    case 6: push({.kind = wire::ActionKind::Claim, .entity = static_cast<std::uint32_t>(random_.below(5))}); break;
    case 7:
      push({.kind = wire::ActionKind::Message, .type = "told", .audience = wire::Audience::Players, .to = {9999}});
      break;
    case 8: push({.kind = wire::ActionKind::Answer, .data = "answer", .to = {1}, .request = 3}); break;
    default: {  // a float that is none
      const std::string nan("\0\0\xC0\x7F", 4);
      push({.kind = wire::ActionKind::Set,
            .component = first_schema_component,
            .entity = entity_,
            .mask = 1,
            .data = nan});
    }
  }
  tally_.count(Fault::hostile_action);
}

}  // namespace tickrelay::sim
