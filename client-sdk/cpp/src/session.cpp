#include "session.h"

#include <algorithm>

#include "bounds.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr int fast_pings = 6;
constexpr std::int64_t fast_ping_us = 100'000;
constexpr std::int64_t slow_ping_us = 2'000'000;
constexpr int moves_max = 3;                    // sent on without a word of welcome: then with pauses
constexpr std::int64_t settled_us = 5'000'000;  // a connection that lasted this long ends the back-off

std::int64_t us_of(double seconds) { return static_cast<std::int64_t>(seconds * 1e6); }

}  // namespace

std::string_view label_of(std::uint16_t code) {
  switch (code) {
    case close_code::left: return "left";
    case 1001:
    case close_code::going_away: return "going_away";
    case close_code::unreachable: return "connection_lost";
    case close_code::moved: return "moved";
    case close_code::restarting: return "restarting";
    case close_code::server_error: return "server_error";
    case close_code::not_acknowledged: return "not_acknowledged";
    case close_code::overloaded: return "overloaded";
    case close_code::protocol_error: return "protocol_error";
    case close_code::bad_ticket: return "bad_ticket";
    case close_code::forbidden: return "forbidden";
    case close_code::room_not_found: return "room_not_found";
    case close_code::unknown_type: return "unknown_type";
    case close_code::incompatible_schema: return "incompatible_schema";
    case close_code::join_timeout: return "join_timeout";
    case close_code::replaced: return "replaced";
    case close_code::room_closed: return "room_closed";
    case close_code::session_unknown: return "session_unknown";
    case close_code::message_too_large: return "message_too_large";
    case close_code::room_locked: return "room_locked";
    case close_code::rate_limit: return "rate_limit";
    case close_code::room_full: return "room_full";
    case close_code::kicked: return "kicked";
    case close_code::banned: return "banned";
    case close_code::logic_failed: return "logic_failed";
    default: return "closed";
  }
}

Session::Session(const std::string& url, JoinRequest request, ClientOptions options, std::uint64_t seed,
                 std::int64_t now_us)
    : options_(std::move(options)),
      request_(std::move(request)),
      joining_us_(now_us),
      backoff_(seed),
      shield_(options_.loss_shield, ~seed, [this](Bytes bytes, std::int64_t now) { return receive_copy(bytes, now); }) {
  const auto parsed = parse_url(url, url_fault_);
  if (parsed) url_ = home_ = *parsed;
  seat_.room_id = request_.room_id;
}

// ----------------------------------------------------------------------------------------------------- the way in

void Session::dialled(std::unique_ptr<Link> link, std::int64_t now_us) {
  link_ = std::move(link);
  open_ = welcomed_ = moved_ = false;
  asked_us_ = heard_us_ = now_us;
  if (!link_) lost(close_code::unreachable, "the connection could not be set up", now_us);
}

void Session::opened(std::int64_t now_us) {
  open_ = true;
  asked_us_ = heard_us_ = now_us;
  JoinRequest request = request_;
  if (!seat_.session.empty()) {
    request.mode = wire::JoinMode::Resume;
    request.room_id = seat_.room_id;
    request.session = seat_.session;
    request.ticket.clear();
  }
  write(composer_.join(request, have_, mirror_.layout() ? mirror_.layout()->fingerprint() : 0, options_.prompt_acks));
}

void Session::welcome(const wire::Welcome& welcome, std::int64_t now_us) {
  if (welcomed_) return give_up(close_code::protocol_error, "the relay sent a second Welcome");
  if (!ServerClock::readable(welcome.server_us()) || !ServerClock::readable(welcome.tick_zero_us()))
    return give_up(close_code::protocol_error, "the relay's clock is out of range");
  if (!take_layout(welcome, now_us)) return;
  if (decoder_ && codec_ == welcome.codec()) {
    decoder_->restart();
  } else {
    codec_ = welcome.codec();
    decoder_ = make_decoder(codec_, *mirror_.layout());
    have_.tick = 0;
  }
  if (!decoder_) return give_up(close_code::incompatible_schema, "the room's codec is of a later kind: it needs a newer SDK");
  resync_us_ = 0;
  welcomed_ = true;
  welcomed_us_ = now_us;
  const bool back = phase_ == Phase::dropped;
  const bool same_time = welcome.resumed() && welcome.term() == have_.term;
  if (!same_time) clock_.restart();
  clock_.guess(asked_us_, now_us, static_cast<std::int64_t>(welcome.server_us()));
  take_seat(welcome);
  continue_from(welcome);
  begin_feel(same_time, now_us);
  acks_.start(std::int64_t{welcome.ack_interval_ms()} * 1000);
  yours_.clear();
  pings_ = moves_ = 0;
  ping_us_ = now_us;
  if (budget_ != 0) write(composer_.pace(budget_));
  phase_ = Phase::joined;
  shield_.raise(seat_.room_id, seat_.session, have_.term, std::int64_t{welcome.ack_interval_ms()} * 1000, now_us);
  if (!back) return listeners_.join();
  ++stats_.reconnects;
  listeners_.reconnect({welcome.rolled_back() || !welcome.resumed()});
}

bool Session::take_layout(const wire::Welcome& welcome, std::int64_t now_us) {
  if (welcome.layout() == nullptr) {
    if (mirror_.layout()) return true;
    give_up(close_code::protocol_error, "the relay sent no layout");
    return false;
  }
  std::string error;
  const LayoutPointer layout = read_layout(*welcome.layout(), error);
  if (!layout) {
    give_up(close_code::protocol_error, error);
    return false;
  }
  if (mirror_.layout() && mirror_.layout()->fingerprint() == layout->fingerprint()) return true;
  if (mirror_.layout()) {  // another schema since: everything goes, and comes again
    mirror_.keep_only({});
    deliver_changes(now_us);
    outbox_.forget();
  }
  have_.tick = 0;
  decoder_.reset();
  mirror_.reset(layout);
  mirror_.watch(player_component);
  snapshots_.clear();
  snapshots_.attach(mirror_);
  const std::string unfit = listeners_.changes.attach(mirror_);
  if (!unfit.empty())
    give_up(close_code::incompatible_schema, unfit + ": generate it from the schema that the room runs");
  return unfit.empty();
}

void Session::take_seat(const wire::Welcome& welcome) {
  const auto text = [](const flatbuffers::String* from) { return from ? from->str() : std::string(); };
  if (!welcome.resumed()) seat_.ids.clear();
  if (welcome.term() != have_.term) seat_.ids.forget();  // granted in an interval that is lost, perhaps
  seat_.room_id = text(welcome.room_id());
  seat_.type = text(welcome.type());
  seat_.player = welcome.player();
  seat_.player_id = text(welcome.player_id());
  seat_.role = static_cast<Role>(welcome.role());
  seat_.entity = welcome.entity();
  seat_.session = text(welcome.session());
  seat_.tick_rate = welcome.tick_rate();
  seat_.send_rate = std::max<std::uint32_t>(welcome.send_rate(), 1);
  seat_.tick_zero_us = static_cast<std::int64_t>(welcome.tick_zero_us());
  seat_.grace_us = std::int64_t{welcome.grace_ms()} * 1000;
  seat_.inputs_answered = welcome.inputs_answered();
  seat_.ids.add(welcome.ids_first(), welcome.ids_count());
}

// What this side has, and what the relay is to hear again.
void Session::continue_from(const wire::Welcome& welcome) {
  const bool delta = welcome.resumed() && !welcome.rolled_back();
  have_ = {welcome.term(), delta ? have_.tick : 0, welcome.event(), welcome.direct()};
  outbox_.continue_after(welcome.applied_seq());
  if (welcome.resumed()) {
    const std::uint32_t first_unsent = outbox_.resume(welcome.applied_seq());
    predictions_.forget(welcome.applied_seq(), first_unsent);
    return repeat_sets(first_unsent, welcome.applied_seq());
  }
  predictions_.clear();
  outbox_.forget();
  mirror_.release(UINT32_MAX);
}

// Own values that were sent, and perhaps lost, go again under new numbers.
void Session::repeat_sets(std::uint32_t first_unsent, std::uint32_t applied_seq) {
  std::vector<std::pair<Held::Key, std::uint64_t>> again;
  for (const auto& [key, held] : mirror_.held().values()) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < held.seq.size(); ++i) {
      const bool sent = (held.mask >> i & 1) != 0 && held.seq[i] > applied_seq && held.seq[i] < first_unsent;
      if (sent && !outbox_.spawns(held.seq[i])) mask |= std::uint64_t{1} << i;
    }
    if (mask != 0) again.emplace_back(key, mask);
  }
  for (const auto& [key, mask] : again) {
    const ComponentIndex component = Held::component_of(key);
    const EntityId entity = Held::entity_of(key);
    const Bytes shown = mirror_.value(component, entity);
    value_.assign(shown.begin(), shown.end());
    const std::uint32_t seq = outbox_.set(mirror_.layout()->component(component), component, entity, mask, value_);
    mirror_.write_own(component, entity, mask, value_, seq);
  }
}

// ---------------------------------------------------------------------------------------------------- the way out

bool Session::may_retry(std::uint16_t code) const {
  const bool broken = code == 1001 || code == 1006;
  const bool asked = code >= 4000 && code <= 4399;
  if (phase_ == Phase::dropped || phase_ == Phase::joined) return broken || asked;
  // A first join that reaches nobody says so at once; one that was begun, or is a return, is tried again.
  return asked || (broken && (open_ || url_ != home_ || request_.mode == wire::JoinMode::Resume));
}

std::int64_t Session::pause_us(std::uint16_t code, const std::string& reason) {
  if (moved_ && ++moves_ <= moves_max) return 0;
  if (const auto slot = return_slot_us(reason)) return *slot;
  return code == close_code::restarting ? backoff_.below(2'000'000) : backoff_.next_us();
}

void Session::closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) {
  link_.reset();
  if (phase_ == Phase::left) return;
  lost(code, reason, now_us);
}

void Session::lost(std::uint16_t code, const std::string& reason, std::int64_t now_us) {
  const std::string told = reason.empty() ? std::string(label_of(code)) : reason;
  const bool retry = may_retry(code);
  // The node that it was sent to is gone, or does not run the room now: the first address knows who does.
  if (!welcomed_ && (code == 1001 || code == close_code::unreachable || code == close_code::going_away)) url_ = home_;
  open_ = welcomed_ = false;
  shield_.lower();
  if (leaving_) return end(close_code::left, "left");
  if (!retry) return end(code, told);
  const bool drops = phase_ == Phase::joined;
  if (drops || code == close_code::going_away) dropped_us_ = now_us;  // the room lives, and grace begins when it goes on
  if (drops) {
    phase_ = Phase::dropped;
    if (now_us - welcomed_us_ >= settled_us) backoff_.reset();
  }
  const std::int64_t until =
      phase_ == Phase::dropped ? dropped_us_ + seat_.grace_us : joining_us_ + us_of(options_.join_timeout_s);
  if (!drops && now_us >= until) return end(code, told);
  dial_us_ = now_us + pause_us(code, reason);
  if (drops) listeners_.drop(code, told);
}

void Session::give_up(std::uint16_t code, const std::string& reason) {
  if (link_) link_->close(code, std::string(label_of(code)));
  end(code, std::string(label_of(code)) + ": " + reason);
}

void Session::end(std::uint16_t code, const std::string& reason) {
  if (phase_ == Phase::left) return;
  link_.reset();
  shield_.lower();
  open_ = welcomed_ = false;
  phase_ = Phase::left;
  requests_.end_due(0, "left");
  listeners_.leave(code, reason);
}

void Session::set_budget(std::uint32_t bytes_per_s) {
  if (bytes_per_s == budget_) return;
  budget_ = bytes_per_s;
  if (link_ && welcomed_) write(composer_.pace(budget_));
}

void Session::leave() { leaving_ = true; }

void Session::shut() {
  if (link_ && welcomed_ && link_->writable()) {
    flush(heard_us_);
    if (link_ && link_->writable()) write(composer_.leave());
  }
  link_.reset();
  shield_.lower();
  phase_ = Phase::left;
}

// ------------------------------------------------------------------------------------------------------------ time

void Session::step(std::int64_t now_us) {
  if (phase_ == Phase::left) return;
  if (!url_fault_.empty()) return end(close_code::unreachable, url_fault_);
  for (std::string& fault : mirror_.take_faults()) errors_.push_back({"incompatible_schema", std::move(fault), 0});
  for (const Error& error : std::exchange(errors_, {})) listeners_.error(error);
  deliver_changes(now_us);
  requests_.end_due(now_us);
  roster_.step(now_us,
               [this](const Player& player, const std::string& reason) { listeners_.player_leave(player, reason); });
  watch_time(now_us);
  send_tick(now_us);
  flush(now_us);
  shield_.step(have_, now_us);
}

void Session::watch_time(std::int64_t now_us) {
  if (leaving_) {
    if (leave_us_ == 0) leave_us_ = now_us;
    if (!welcomed_ || now_us - leave_us_ >= limits::leave_us) return end(close_code::left, "left");
  }
  if (phase_ == Phase::dropped && now_us >= dropped_us_ + seat_.grace_us && !open_) {
    return end(close_code::session_unknown, "session_unknown: the seat's grace time is over");
  }
  if (!link_) return;
  if (!welcomed_ && now_us - asked_us_ >= us_of(options_.join_timeout_s)) {
    link_.reset();
    return lost(close_code::unreachable, "the relay does not answer", now_us);
  }
  if (welcomed_ && is_silent(now_us)) {
    link_.reset();
    lost(close_code::unreachable, "the relay fell silent", now_us);
  }
}

// A large frame may take a slow line longer than that: only what brings no byte either is silent.
bool Session::is_silent(std::int64_t now_us) {
  if (now_us - heard_us_ < limits::silence_look_us) return false;
  if (now_us - looked_us_ >= limits::silence_look_us) {
    looked_us_ = now_us;
    const std::uint64_t before = std::exchange(arrived_, link_->bytes_arrived());
    if (before != 0 && arrived_ > before) heard_us_ = now_us;
  }
  return now_us - heard_us_ >= limits::silence_us;
}

void Session::flush(std::int64_t now_us) {
  if (!link_ || !welcomed_) return;
  while (link_->writable() && !outbox_.empty()) {
    const std::vector<Action>& actions = outbox_.take();
    Have told = have_;  // what came after the actions were done is not in them: an authority's actions answer inputs
    told.direct = std::min(told.direct, acted_direct_);
    write(composer_.update(told, actions, mirror_.layout()));
    send_phase_.wrote(actions.back().seq, clock_.relay_us(now_us));
    acks_.sent();
  }
  if (link_->writable() && acks_.due(now_us)) {
    write(composer_.update(have_, {}, nullptr));
    acks_.sent();
  }
  if (link_->writable() && now_us >= ping_us_ && !leaving_) {
    write(composer_.ping(now_us));
    link_->time_arrivals();
    ping_us_ = now_us + (++pings_ < fast_pings ? fast_ping_us : slow_ping_us);
  }
  if (leaving_ && !said_leave_ && outbox_.empty() && link_->writable()) {
    said_leave_ = true;
    write(composer_.leave());
  }
}

void Session::write(Bytes message) {
  stats_.bytes_sent += message.size();
  link_->write(message);
}

double Session::state_age_s(std::int64_t now_us) const {
  if (complete_tick_ == 0) return 0;
  return std::max(0.0, static_cast<double>(clock_.relay_us(now_us) - seat_.tick_us(complete_tick_)) / 1e6);
}

}  // namespace sdk
}  // namespace tickrelay
