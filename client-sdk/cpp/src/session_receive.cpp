#include "bounds.h"
#include "session.h"

namespace tickrelay {
inline namespace sdk {
namespace {

std::string_view text_of(const flatbuffers::String* from) { return from ? from->string_view() : std::string_view(); }
Bytes data_of(const flatbuffers::Vector<std::uint8_t>* from) {
  return from ? Bytes(from->data(), from->size()) : Bytes();
}

constexpr std::int64_t resync_interval_us = 1'200'000;

const wire::Yours* yours_of(const std::vector<std::uint8_t>& bytes) {
  return bytes.empty() ? nullptr : wire::GetMessage(bytes.data())->body_as_Yours();
}

}  // namespace

void Session::received(Bytes bytes, std::int64_t now_us) {
  if (!link_) return;  // what a connection still held when it was given up: there is nobody left to answer
  heard_us_ = now_us;
  arrived_ = 0;
  stats_.bytes_received += bytes.size();
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  const bool long_enough = bytes.size() >= 8;
  if (long_enough && wire::MessageBufferHasIdentifier(bytes.data()) && wire::VerifyMessageBuffer(verifier)) {
    return receive_message(*wire::GetMessage(bytes.data()), bytes, now_us);
  }
  if (long_enough && flatbuffers::BufferHasIdentifier(bytes.data(), "TRF1") &&
      verifier.VerifyBuffer<wire::StateFrame>("TRF1")) {
    if (!welcomed_) return give_up(close_code::protocol_error, "the relay sent a frame before its Welcome");
    return receive_frame(*flatbuffers::GetRoot<wire::StateFrame>(bytes.data()), Way::first, now_us);
  }
  give_up(close_code::protocol_error, "the relay sent bytes that are no message of this protocol");
}

// Nothing counts on a shield but frames.
bool Session::receive_copy(Bytes bytes, std::int64_t now_us) {
  stats_.bytes_received += bytes.size();
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (bytes.size() < 8 || !flatbuffers::BufferHasIdentifier(bytes.data(), "TRF1")) return false;
  if (!verifier.VerifyBuffer<wire::StateFrame>("TRF1")) {
    shield_.refuse(close_code::protocol_error, "protocol_error: no frame of this protocol");
    return false;
  }
  ++stats_.copies;
  receive_frame(*flatbuffers::GetRoot<wire::StateFrame>(bytes.data()), Way::shield, now_us);
  return true;
}

void Session::receive_message(const wire::Message& message, Bytes bytes, std::int64_t now_us) {
  // The verifier lets a type without its body pass.
  if (!message.body()) return give_up(close_code::protocol_error, "the relay sent a message without its body");
  switch (message.body_type()) {
    case wire::Body::Welcome: return welcome(*message.body_as_Welcome(), now_us);
    case wire::Body::Yours:
      if (welcomed_ && resync_us_ == 0) receive_yours(*message.body_as_Yours(), bytes, now_us);
      return;
    case wire::Body::Resync:  // asked twice, it is answered twice
      have_.tick = 0;
      resync_us_ = 0;
      return;
    case wire::Body::Pong: return receive_pong(*message.body_as_Pong(), now_us);
    case wire::Body::Moved: {
      std::string error;
      const auto url = parse_url(text_of(message.body_as_Moved()->url()), error);
      if (!url) return give_up(close_code::protocol_error, "the relay moved the room to a " + error);
      url_ = *url;
      const std::string room_id(text_of(message.body_as_Moved()->room_id()));
      if (!room_id.empty() && !seat_.session.empty()) seat_.room_id = room_id;
      moved_ = true;
      return;
    }
    default: return;  // of a newer relay
  }
}

void Session::receive_pong(const wire::Pong& pong, std::int64_t now_us) {
  if (!ServerClock::readable(pong.server_us())) return give_up(close_code::protocol_error, "the relay's clock is out of range");
  const auto sent_us = static_cast<std::int64_t>(pong.client_us());
  if (sent_us < asked_us_ || sent_us > now_us) return;
  clock_.sample(sent_us, std::max(link_->arrived_us(now_us), sent_us), static_cast<std::int64_t>(pong.server_us()));
}

// ---------------------------------------------------------------------------------------------------------- frames

bool Session::fits(const wire::StateFrame& frame, std::uint32_t base) const {
  if (base > have_.tick || have_.tick >= frame.head()->tick()) return false;
  if (!frame.events() || frame.events()->size() == 0) return true;
  const wire::Yours* yours = yours_of(yours_);
  const bool with_yours = yours && yours->head()->tick() <= frame.head()->tick();
  const std::uint32_t event = with_yours ? std::max(have_.event, yours->event()) : have_.event;
  return frame.event_first() <= event || frame.event_first() - event == 1;
}

void Session::receive_frame(const wire::StateFrame& frame, Way way, std::int64_t now_us) {
  const wire::FrameHead& head = *frame.head();
  if (head.span() > head.tick()) return give_up(close_code::protocol_error, "a frame's span reaches below tick 0");
  const std::uint32_t base = head.span() == 0 ? 0 : head.tick() - head.span();
  if (way == Way::shield && (resync_us_ != 0 || !fits(frame, base))) return;  // what it has of use comes on the first, too
  if (resync_us_ != 0) {
    ++stats_.discarded;
    if (now_us - resync_us_ >= resync_interval_us) ask_for_whole(head.tick(), now_us);
    return;
  }
  const wire::Yours* yours = yours_of(yours_);
  if (!fits(frame, base)) {
    ++stats_.discarded;
    if (yours && yours->head()->tick() == head.tick()) yours_.clear();
    // The state is past it by a copy, perhaps of a later frame from a lower base: that had other events.
    if (head.tick() <= have_.tick) deliver_events(frame);
    return;
  }
  const std::int64_t had_us = seat_.tick_us(have_.tick == 0 ? head.tick() : have_.tick);
  std::string error;
  switch (decoder_->decode(frame, base, mirror_, error)) {
    case Outcome::broken: return give_up(close_code::protocol_error, error);
    case Outcome::lost: return ask_for_whole(head.tick(), now_us);
    case Outcome::applied: break;
  }
  have_.tick = mirror_.tick = head.tick();
  complete_tick_ = frame.complete() != 0 ? frame.complete() : head.tick();
  clock_.frame(now_us, seat_.tick_us(head.tick()), 1'000'000 / seat_.send_rate);
  snapshots_.frame(had_us, seat_.tick_us(head.tick()), clock_.render_us(now_us));
  note_applied(head.kind() != wire::FrameKind::Stream, now_us);
  ++stats_.frames;
  if (way == Way::shield) ++stats_.shielded;
  // A copy may take the state past a Yours whose own frame is still on its way.
  applied(frame, yours && yours->head()->tick() <= head.tick(), way, now_us);
}

void Session::note_applied(bool at_once, std::int64_t now_us) {
  acks_.applied(at_once, now_us);
  shield_.applied(at_once, now_us);
}

// Nothing is applied until the relay answers. It grants one a second: what it refused is asked again.
void Session::ask_for_whole(std::uint32_t tick, std::int64_t now_us) {
  have_.tick = 0;
  yours_.clear();
  resync_us_ = now_us;
  ++stats_.resyncs;
  write(composer_.resync(tick, have_));
}

// The state is whole: now everybody may look.
void Session::applied(const wire::StateFrame& frame, bool with_yours, Way way, std::int64_t now_us) {
  const std::vector<std::uint8_t> own = with_yours ? std::exchange(yours_, {}) : std::vector<std::uint8_t>{};
  const wire::Yours* yours = yours_of(own);
  if (yours) take_yours(*yours, now_us);
  guarded([&] { put_right(yours, way, now_us); });
  guarded([&] { deliver_changes(now_us); });
  guarded([&] { listeners_.state_change(state_); });
  deliver_events(frame);
  if (yours) deliver_direct(*yours, now_us);
  rethrow();
}

// Those that follow what it has.
void Session::deliver_events(const wire::StateFrame& frame) {
  if (!frame.events() || frame.event_first() > have_.event + 1) return;
  std::uint32_t number = frame.event_first();
  for (const wire::Event* event : *frame.events()) {
    if (number++ <= have_.event) continue;
    have_.event = number - 1;
    if (phase_ == Phase::joined) guarded([&] { deliver(*event); });
  }
}

void Session::receive_yours(const wire::Yours& yours, Bytes bytes, std::int64_t now_us) {
  if (yours.head()->tick() > have_.tick) {
    yours_.assign(bytes.begin(), bytes.end());
    return;
  }
  take_yours(yours, now_us);
  guarded([&] { put_right(&yours, Way::first, now_us); });
  note_applied(false, now_us);
  guarded([&] { deliver_changes(now_us); });
  deliver_direct(yours, now_us);
  rethrow();
}

void Session::take_yours(const wire::Yours& yours, std::int64_t) {
  mirror_.release(yours.head()->applied_seq());
  outbox_.applied(yours.head()->applied_seq());
  seat_.ids.add(yours.ids_first(), yours.ids_count());
  send_phase_.told(yours.early_seq(), yours.early_us());
  if (yours.early_seq() != 0) stats_.early_us = yours.early_us();
  if (yours.event() <= have_.event) return;
  have_.event = yours.event();
  if (yours.events_lost() == 0) return;  // numbers that nobody had
  errors_.push_back(
      {"events_lost",
       std::to_string(yours.events_lost()) + " messages at most were lost: this connection was behind for too long",
       0});
}

void Session::deliver_direct(const wire::Yours& yours, std::int64_t) {
  if (!yours.direct()) return;
  std::uint32_t number = yours.direct_first();
  for (const wire::Event* event : *yours.direct()) {
    if (number++ <= have_.direct) continue;
    have_.direct = number - 1;
    if (phase_ == Phase::joined) guarded([&] { deliver(*event); });
  }
}

void Session::deliver_changes(std::int64_t now_us) {
  if (!mirror_.layout()) return;
  const std::vector<MirrorChange> changes = mirror_.take_changes();
  snapshots_.note(changes, mirror_, seat_.player);
  roster_.apply(changes, mirror_, now_us, [this](const Player& player) { guarded([&] { listeners_.player_join(player); }); });
  listeners_.changes.deliver(mirror_, changes);
}

// ---------------------------------------------------------------------------------------------------------- events

void Session::deliver(const wire::Event& event) {
  switch (event.kind()) {
    case wire::EventKind::Message: return deliver_message(event);
    case wire::EventKind::PlayerLeft:
      return roster_.left(
          event.player(), std::string(text_of(event.type())),
          [this](const Player& player, const std::string& reason) { listeners_.player_leave(player, reason); });
    case wire::EventKind::Answer: requests_.end(event.request(), {true, {}, data_of(event.data())}); return;
    case wire::EventKind::Failure: return deliver_failure(event);
    case wire::EventKind::Input:
      return listeners_.input({event.player(), text_of(event.type()), data_of(event.data()), 0}, event.seq());
  }
}

void Session::deliver_message(const wire::Event& event) {
  if (event.skip_sender() && event.player() == seat_.player) return;
  const Message message{event.player(), text_of(event.type()), data_of(event.data()), event.request()};
  if (message.request != 0) {
    const auto asked = listeners_.requests.find(message.type);
    if (asked != listeners_.requests.end()) {
      const auto call = asked->second;
      answer(message.player, message.request, call(message));
      return;
    }
  }
  auto found = listeners_.messages.find(message.type);
  if (found == listeners_.messages.end()) found = listeners_.messages.find(std::string_view("*"));
  if (found != listeners_.messages.end()) found->second(message);
}

void Session::deliver_failure(const wire::Event& event) {
  const std::string label(text_of(event.type()));
  if (requests_.end(event.request(), {false, label, {}})) return;
  listeners_.error({label, "the relay refused action " + std::to_string(event.request()), event.request()});
}

}  // namespace sdk
}  // namespace tickrelay
