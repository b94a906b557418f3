// What a client does with bytes from the relay, and what it holds against the truth.

#include <algorithm>
#include <cstring>

#include "client.h"
#include "papers.h"

namespace tickrelay::sim {

void Client::read_bytes() {
  const double passed_s = static_cast<double>(now_ns_ - read_at_ns_) / 1e9;
  read_at_ns_ = now_ns_;
  const bool slow = read_bytes_per_s > 0;
  if (slow) read_allowance_ = std::min(read_allowance_ + passed_s * read_bytes_per_s, read_bytes_per_s * 0.1 + 100);
  auto& down = wire_->down;
  while (!down.empty() && down.front().arrives_ns <= now_ns_) {
    std::string& bytes = down.front().bytes;
    const std::size_t count = slow ? std::min(bytes.size(), static_cast<std::size_t>(read_allowance_)) : bytes.size();
    inbox_.append(bytes, 0, count);
    if (slow) read_allowance_ -= static_cast<double>(count);
    if (count < bytes.size()) {
      bytes.erase(0, count);
      break;
    }
    down.pop_front();
  }
  parse();
}

void Client::parse() {
  while (wire_) {
    const auto message = cut_message(inbox_);
    if (!message) return;
    if (message->close) {
      const auto code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(message->payload[0]) << 8 |
                                                   static_cast<std::uint8_t>(message->payload[1]));
      return closed(code, message->payload.substr(2));
    }
    this->message(message->payload);
  }
}

// Server to client: unmasked, never fragmented.
std::optional<Client::Cut> Client::cut_message(std::string& inbox) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(inbox[i]); };
  if (inbox.size() < 2) return std::nullopt;
  SIM_REQUIRE(byte(0) == 0x82 || byte(0) == 0x88, "a WebSocket header other than binary and close");
  SIM_REQUIRE((byte(1) & 0x80) == 0, "the relay masks nothing");
  std::size_t size = byte(1), header = 2;
  if (size >= 126) {
    header = size == 126 ? 4 : 10;
    if (inbox.size() < header) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
  }
  if (inbox.size() < header + size) return std::nullopt;
  Cut cut{inbox.substr(header, size), byte(0) == 0x88};
  inbox.erase(0, header + size);
  return cut;
}

std::vector<std::uint64_t> Client::align(std::string_view payload) {
  std::vector<std::uint64_t> aligned(payload.size() / 8 + 1);
  std::memcpy(aligned.data(), payload.data(), payload.size());
  return aligned;
}

void Client::message(std::string_view payload) {
  const std::vector<std::uint64_t> aligned = align(payload);
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, payload.size());
  if (flatbuffers::BufferHasIdentifier(data, "TRF1")) {
    SIM_REQUIRE(verifier.VerifyBuffer<wire::StateFrame>("TRF1"), "a state frame that does not verify");
    return state(*flatbuffers::GetRoot<wire::StateFrame>(data));
  }
  SIM_REQUIRE(verifier.VerifyBuffer<wire::Message>("TRM1"), "a message that does not verify");
  const auto& message = *flatbuffers::GetRoot<wire::Message>(data);
  SIM_REQUIRE(held_.empty(), "something came between a Yours and its frame");
  switch (message.body_type()) {
    case wire::Body::Welcome: return welcome(*message.body_as_Welcome());
    case wire::Body::Yours: {
      SIM_REQUIRE(phase_ == Phase::seated, "a Yours before Welcome");
      const wire::Yours& yours = *message.body_as_Yours();
      if (lost_) return;  // comes again
      if (yours.head()->tick() <= mirror_.have() && mirror_.have() != 0) return apply_yours(yours);
      held_ = payload;
      return;
    }
    case wire::Body::Resync:
      lost_ = false;
      mirror_.reset(shape_);  // asked twice, it is answered twice
      held_.clear();
      return;
    case wire::Body::RoomList:
    case wire::Body::Pong: return;
    default: throw Broken("a kind of message that is not for clients");
  }
}

void Client::welcome(const wire::Welcome& w) {
  SIM_REQUIRE(phase_ == Phase::joining, "a second Welcome");
  SIM_REQUIRE(!forged_, "a forged session is let in");
  phase_ = Phase::seated;
  SIM_REQUIRE(w.resumed() == resuming_, "resumed says otherwise");
  if (w.layout() != nullptr)
    shape_ = Shape::of(*w.layout());
  else
    SIM_REQUIRE(shape_.fingerprint == w.fingerprint(), "a layout is missing");
  if (resuming_) {
    SIM_REQUIRE(w.player() == player_ && room_id_ == w.room_id()->str(), "a resume gives the same seat");
    continue_in_term(w);
    tally_.count(Fault::resume);
  } else {
    said_.clear();
    refused_.clear();
    unconfirmed_.clear();
    written_.clear();
    spawned_.clear();
    despawned_.clear();
    applied_seq_ = said_from_ = w.applied_seq();
    next_seq_ = w.applied_seq() + 1;
    last_spawned_ = 0;
    came_term_ = w.term();
    came_event_ = w.event();
    leaps_known_ = truth_.of(w.room_id()->str()).events.leaps();
    ++tally_.players;
    if (paper != nullptr) check_ticket(w);
  }
  if (!resuming_ || w.rolled_back()) mirror_.reset(shape_);
  mirror_.new_connection();
  paced_ = false;
  lost_ = false;
  codec_ = w.codec();
  blocks_.clear();
  if (w.ids_count() != 0) blocks_.push_back({w.ids_first(), w.ids_first() + w.ids_count()});
  room_id_ = w.room_id()->str();
  session_ = w.session()->str();
  player_id_ = w.player_id()->str();
  player_ = w.player();
  entity_ = w.entity();
  term_ = w.term();
  event_ = w.event();
  direct_ = w.direct();
  habits_.role = w.role();
  ack_interval_ns_ = w.ack_interval_ms() * ms;
  const std::deque<Sending> all = unconfirmed_;
  confirm(w.applied_seq());
  if (resuming_ && random_.chance(0.5))
    unconfirmed_ = all;  // repeats more than it must: the relay ignores what it has applied
  unsent_ = unconfirmed_.size();
}

// Its seat is what the ticket says; of one for one seat there is one, but where a crash took that.
void Client::check_ticket(const wire::Welcome& w) {
  SIM_REQUIRE(paper->fault == TicketFault::none, "a wrong ticket gives a seat");
  SIM_REQUIRE(w.player_id()->str() == paper->player && w.role() == paper->role && w.room_id()->str() == paper->room, "the seat is not the ticket's");
  tally_.count(Fault::ticket_taken);
  if (!paper->once) return;
  RoomTruth& room = truth_.of(paper->room);
  const auto [taken, fresh] = room.taken.try_emplace(habits_.ticket, w.term());
  bool lost = fresh;
  for (std::uint32_t term = w.term(); term > taken->second; term = room.terms.at(term).parent) lost |= room.terms.at(term).lost;
  SIM_REQUIRE(lost, "a ticket that was good once is good again");
  taken->second = w.term();
}

// It comes back to its room, perhaps under another owner: what it has is of this timeline, or it is told to forget.
void Client::continue_in_term(const wire::Welcome& w) {
  const RoomTruth& room = truth_.of(room_id_);
  SIM_REQUIRE(w.term() >= term_ && room.terms.contains(w.term()), "terms grow");
  const bool has_some = mirror_.have() != 0;
  const bool is_past = room.descends_from({term_, mirror_.have()}, w.term());
  SIM_REQUIRE(w.rolled_back() == (has_some && !is_past), "rolled back, or not, against the truth: has tick " +
                                                             std::to_string(mirror_.have()) + " of term " +
                                                             std::to_string(term_));
  bool lost = false;
  for (std::uint32_t term = w.term(); term > term_; term = room.terms.at(term).parent) lost |= room.terms.at(term).lost;
  SIM_REQUIRE(w.applied_seq() >= applied_seq_ || lost, "applied_seq went back");
  if (w.entity() != entity_) {  // it came after the checkpoint, and is made again
    SIM_REQUIRE(lost && w.applied_seq() == 0 && w.rolled_back() == has_some, "a resume gives the same seat");
    tally_.count(Fault::seat_made_again);
  }
  if (lost) forget_lost(w.applied_seq());
  if (w.rolled_back()) tally_.count(Fault::rolled_back);
  if (w.term() != term_ && has_some && !w.rolled_back())
    tally_.count(lost ? Fault::kept_over_a_crash : Fault::kept_over_a_hand_over);
}

// What was confirmed above this is gone; what was not is sent again, and may fail for what is gone.
void Client::forget_lost(std::uint32_t applied_seq) {
  const std::uint32_t held =
      unconfirmed_.empty() ? next_seq_ : unconfirmed_.front().seq;  // sent again, confirmed or not
  const auto is_lost = [&](std::uint32_t seq) { return seq > applied_seq && seq <= applied_seq_ && seq < held; };
  std::erase_if(said_, is_lost);
  std::erase_if(despawned_, [&](const auto& despawned) { return is_lost(despawned.second); });
  std::erase_if(refused_, [&](std::uint32_t seq) { return seq > applied_seq; });
  written_.clear();
  spawned_.clear();
  applied_seq_ = std::min(applied_seq_, applied_seq);
}

void Client::state(const wire::StateFrame& frame) {
  SIM_REQUIRE(phase_ == Phase::seated, "a frame before Welcome");
  const Tick tick = frame.head()->tick();
  const Tick base = frame.head()->span() == 0 ? 0 : tick - frame.head()->span();
  if (lost_) return;
  Term& term = truth_.of(room_id_).terms[term_];
  // On one connection everything that was handed to the socket must be applicable: the relay knows what its clients have. But for what
  // came on the shield before.
  SIM_REQUIRE(base <= mirror_.have() && (mirror_.have() < tick || passed_),
              "a frame from " + std::to_string(base) + " to " + std::to_string(tick) + " for a client that has " +
                  std::to_string(mirror_.have()));
  if (tick <= mirror_.have()) {
    SIM_REQUIRE(held_.empty(), "a Yours is held that the state has passed");
    tally_.count(Fault::copy_first);
    return events(frame);  // the copy may have been of a later frame, from a lower base, with other events
  }
  SIM_REQUIRE((base == 0) == (frame.head()->kind() == wire::FrameKind::Whole), "only base 0 is whole");
  auto& bases = term.bases[tick];
  if (std::ranges::find(bases, base) == bases.end()) bases.push_back(base);
  // While nothing changes, later catch-ups are of this tick too.
  SIM_REQUIRE(goes_unseen(tick) || term.views.contains(tick) || bases.size() <= limits::frames_per_tick_max * term.ticks_at[tick], "over four frames of one tick");
  if (frame.head()->kind() == wire::FrameKind::CatchUp)
    tally_.count(base == mirror_.have() ? Fault::catch_up : Fault::shared_base);
  if (base == 0 && said_hello_) tally_.count(Fault::resync);
  if ((frame.head()->flags() & wire::FrameFlags::ListsAlive) != wire::FrameFlags{}) tally_.count(Fault::lists_alive);
  said_hello_ = true;
  apply(frame);
}

EventNumber Client::held_event(Tick tick) const {
  if (held_.empty()) return 0;
  const std::vector<std::uint64_t> aligned = align(held_);
  const auto& yours = *flatbuffers::GetRoot<wire::Message>(aligned.data())->body_as_Yours();
  return yours.head()->tick() <= tick ? yours.event() : 0;
}

// The last tick of a room that its logic ended: gone before anybody looked.
bool Client::goes_unseen(Tick tick) const {
  const RoomTruth& room = truth_.of(room_id_);
  return tick > room.terms.at(term_).newest && room.room == nullptr;
}

void Client::apply(const wire::StateFrame& frame) {
  const Tick tick = frame.head()->tick();
  const Tick base = frame.head()->span() == 0 ? 0 : tick - frame.head()->span();
  const Term& term = truth_.of(room_id_).terms[term_];
  const bool unseen = goes_unseen(tick);
  mirror_.apply(frame, codec_);
  if ((frame.head()->flags() & wire::FrameFlags::KeyTick) != wire::FrameFlags{}) tally_.count(Fault::key_tick);
  if (codec_ == wire::Codec::Packed && frame.head()->kind() == wire::FrameKind::Stream) tally_.count(Fault::packed_stream);
  ++tally_.frames_applied;
  const auto truth = term.worlds.find(tick);
  SIM_REQUIRE(unseen || truth != term.worlds.end(), "a frame of a tick at which nothing was sent: " + std::to_string(tick));
  if (const auto view = term.views.find(tick); view != term.views.end()) {
    SIM_REQUIRE(frame.complete() < tick, "complete above what is");
    if (frame.complete() != 0) tally_.count(Fault::in_part);
    if ((frame.head()->flags() & wire::FrameFlags::ListsChunks) != wire::FrameFlags{}) tally_.count(Fault::lists_chunks);
    const std::string fault = view->second->fault(mirror_, player_, frame.complete() == 0);
    SIM_REQUIRE(fault.empty(), "at tick " + std::to_string(tick) + " (from base " + std::to_string(base) + ") " + fault);
  } else if (!unseen) {
    SIM_REQUIRE(truth->second == mirror_.hash(), "the mirror at tick " + std::to_string(tick) + " (from base " +
                                                     std::to_string(base) + ") is not the world");
  }
  if (!held_.empty()) {
    const std::vector<std::uint64_t> aligned = align(held_);
    const auto& yours = *flatbuffers::GetRoot<wire::Message>(aligned.data())->body_as_Yours();
    SIM_REQUIRE(yours.head()->tick() == tick || passed_, "a Yours of another tick than its frame's");
    if (yours.head()->tick() <= tick) {
      held_.clear();
      apply_yours(yours);
    }
  }
  events(frame);
  const std::int64_t at =
      frame.head()->kind() == wire::FrameKind::Stream ? now_ns_ + ack_interval_ns_ - habits_.poll_ns : now_ns_;
  if (acknowledge_at_ns_ < 0 || at < acknowledge_at_ns_) acknowledge_at_ns_ = at;
}

void Client::events(const wire::StateFrame& frame) {
  if (frame.events() == nullptr) return;
  std::uint32_t number = frame.event_first();
  RoomTruth& room = truth_.of(room_id_);
  SIM_REQUIRE(number <= event_ + 1, "events " + std::to_string(number) + " after " + std::to_string(event_));
  for (const wire::Event* event : *frame.events()) {
    if (number > event_) {
      const auto data = event->data() == nullptr
                            ? std::span<const std::byte>{}
                            : std::as_bytes(std::span(event->data()->data(), event->data()->size()));
      const auto hash = event_hash(event->kind(), event->player(), event->type() == nullptr ? "" : event->type()->str(),
                                   data, event->request(), event->seq(), event->skip_sender());
      SIM_REQUIRE(number <= room.events.last() || room.room == nullptr, "an event that nobody made");
      const auto truth = room.events.at(number);
      SIM_REQUIRE(!truth || *truth == hash, "event " + std::to_string(number) + " is another");
      ++tally_.events_delivered;
      event_ = number;
    }
    ++number;
  }
}

}  // namespace tickrelay::sim
