#include "bench/load/client.h"

#include <algorithm>
#include <cstring>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t ask_again_ns = 1'200 * ms_ns;  // the server grants one a second
constexpr std::size_t fields_max = 64;                // of a component: a bit each in a mask

bool readable(const Layout& layout) {
  return std::ranges::all_of(layout.components,
                             [](const auto& component) { return component.fields.size() <= fields_max; });
}

}  // namespace

Client::Client(ClientCommons& commons, Traits traits)
    : commons_(commons), traits_(traits), connection_(*this, 2'654'435'769U * (traits.number + 1)), pace_(traits.read_bytes_per_s) {}

bool Client::start(const Endpoint& endpoint, JoinWish wish) {
  wish_ = std::move(wish);
  seated_ = false;
  acknowledge_at_ns_ = 0;
  return connection_.start(endpoint, traits_.receive_buffer_bytes);
}

bool Client::resume(const Endpoint& endpoint) {
  return start(endpoint, {.mode = wire::JoinMode::Resume,
                          .room_id = seat_.room_id,
                          .session = seat_.session,
                          .role = wish_.role,
                          .have_term = seat_.term,
                          .have_tick = seat_.tick,
                          .have_event = seat_.event,
                          .have_direct = seat_.direct});
}

void Client::drop() {
  seated_ = false;
  connection_.drop();
}

void Client::leave() { connection_.send(commons_.writer.leave()); }

void Client::on_open() { connection_.send(commons_.writer.join(wish_)); }

void Client::on_closed(int code, const std::string& reason) {
  seated_ = false;
  commons_.events.on_closed(*this, code, reason);
}

std::size_t Client::read(std::int64_t now_ns) {
  const std::size_t allowed = read_allowance(now_ns);
  if (allowed == 0) return 0;
  commons_.now_ns = now_ns;
  const std::size_t bytes = connection_.read(commons_.scratch, allowed);
  bytes_received_ += bytes;
  pace_.spend(bytes);
  return bytes;
}

std::size_t Client::read_allowance(std::int64_t now_ns) {
  return traits_.read_bytes_per_s == 0 || !seated_ ? commons_.scratch.size() : pace_.allowance_bytes(now_ns);
}

std::span<const std::uint8_t> Client::align(std::span<const std::uint8_t> message) {
  commons_.aligned.resize(std::max(commons_.aligned.size(), message.size() / 8 + 1));
  std::memcpy(commons_.aligned.data(), message.data(), message.size());
  return {reinterpret_cast<const std::uint8_t*>(commons_.aligned.data()), message.size()};
}

void Client::on_message(std::span<const std::uint8_t> message) {
  switch (kind_of(message)) {
    case MessageKind::frame: return on_state_frame(message);
    case MessageKind::unknown: return broken("a message that is neither frame nor message");
    case MessageKind::message: break;
  }
  const auto aligned = align(message);
  flatbuffers::Verifier verifier(aligned.data(), aligned.size());
  if (!wire::VerifyMessageBuffer(verifier)) return broken("a message that does not verify");
  on_body(*wire::GetMessage(aligned.data()));
}

void Client::on_body(const wire::Message& message) {
  if (const wire::Welcome* welcome = message.body_as_Welcome()) return on_welcome(*welcome);
  if (const wire::Yours* yours = message.body_as_Yours()) return on_yours(*yours);
  if (const wire::Pong* pong = message.body_as_Pong()) {
    commons_.events.on_pong(*this, pong->client_us(), pong->server_us(), commons_.now_ns);
  }
  if (message.body_as_Resync() != nullptr) {
    seat_.tick = 0;
    asked_at_ns_ = 0;
  }
}

void Client::on_welcome(const wire::Welcome& welcome) {
  seat_by_welcome(seat_, welcome, commons_.layouts);
  if (!seat_.layout || !readable(*seat_.layout)) return broken("a Welcome without a layout that can be read");
  if (traits_.decodes && (!mirror_ || seat_.tick == 0)) {
    mirror_ = std::make_unique<Mirror>(seat_.layout, seat_.codec);
  }
  if (mirror_) mirror_->rejoin();
  asked_at_ns_ = 0;
  seated_ = true;
  commons_.events.on_seated(*this, commons_.now_ns);
}

// Its direct messages are numbered, so that taking them before their frame changes nothing for a load.
void Client::on_yours(const wire::Yours& yours) {
  if (asked_at_ns_ != 0) return;
  if (yours.ids_count() > 0) seat_.add_ids({yours.ids_first(), yours.ids_count()});
  seat_.event = std::max(seat_.event, yours.event());
  if (yours.direct() == nullptr || yours.direct()->size() == 0) return;
  const std::uint32_t last = yours.direct_first() + yours.direct()->size() - 1;
  for (std::uint32_t i = 0; i < yours.direct()->size(); ++i) {
    const wire::Event& event = *yours.direct()->Get(i);
    if (yours.direct_first() + i <= seat_.direct || event.kind() != wire::EventKind::Failure) continue;
    commons_.events.on_refused(*this, event.type() == nullptr ? "" : event.type()->str());
  }
  seat_.direct = std::max(seat_.direct, last);
  if (acknowledge_at_ns_ == 0) acknowledge_at_ns_ = commons_.now_ns + seat_.acknowledge_within_ns;
}

void Client::on_state_frame(std::span<const std::uint8_t> message) {
  const std::optional<FrameFacts> facts = read_frame_facts(message);
  if (!facts) return broken("a frame without a head");
  if (!seated_) return broken("a frame before Welcome");
  if (asked_at_ns_ != 0) {
    if (commons_.now_ns - asked_at_ns_ >= ask_again_ns) ask_for_whole(facts->tick);
    return;
  }
  if (!seat_.takes(*facts)) return commons_.events.on_discarded(*this, *facts, commons_.now_ns);
  if (mirror_ && !decode(message)) return;
  seat_.take(*facts);
  commons_.events.on_frame(*this, *facts, commons_.now_ns);
  if (facts->kind != wire::FrameKind::Stream) return acknowledge();
  if (acknowledge_at_ns_ == 0) acknowledge_at_ns_ = commons_.now_ns + seat_.acknowledge_within_ns;
}

// False: the frame does not count.
bool Client::decode(std::span<const std::uint8_t> message) {
  const auto aligned = align(message);
  flatbuffers::Verifier verifier(aligned.data(), aligned.size());
  if (!verifier.VerifyBuffer<wire::StateFrame>("TRF1")) return broken("a frame that does not verify"), false;
  const auto& frame = *flatbuffers::GetRoot<wire::StateFrame>(aligned.data());
  switch (mirror_->apply(frame)) {
    case Applied::done: return true;
    case Applied::broken: broken("a frame that contradicts the layout"); return false;
    case Applied::lost: break;
  }
  commons_.events.on_lost(*this, commons_.now_ns);
  ask_for_whole(frame.head()->tick());
  return false;
}

void Client::ask_for_whole(std::uint32_t tick) {
  seat_.tick = 0;
  asked_at_ns_ = commons_.now_ns;
  connection_.send(commons_.writer.resync(tick, seat_.event, seat_.direct));
}

void Client::broken(const std::string& what) {
  drop();
  commons_.events.on_closed(*this, 1002, what);
}

Connection::Sent Client::act(std::span<ActionWish> actions) {
  for (ActionWish& action : actions) action.seq = ++seat_.last_seq;
  acknowledge_at_ns_ = 0;
  return connection_.send(commons_.writer.update({seat_.tick, seat_.event, seat_.direct}, actions));
}

void Client::acknowledge() { act({}); }

void Client::acknowledge_when_due(std::int64_t now_ns) {
  if (seated_ && acknowledge_at_ns_ != 0 && acknowledge_at_ns_ <= now_ns) acknowledge();
}

void Client::ping(std::int64_t now_ns) {
  connection_.send(commons_.writer.ping(static_cast<std::uint64_t>(now_ns / us_ns)));
}

}  // namespace tickrelay::bench
