// Owners come and go: checkpoints are kept, the relay dies and starts again, rooms are handed over.

#include <algorithm>

#include "door.h"
#include "papers.h"
#include "shelf.h"
#include "simulation.h"

namespace tickrelay::sim {

namespace {

constexpr std::size_t loop_count = 2, worker_count = 2;

class ErrandOf final : public Errand {
 public:
  explicit ErrandOf(std::function<void(Worker&, std::int64_t)> what) : what_(std::move(what)) {}
  void run(Worker& worker, std::int64_t now_ns) override { what_(worker, now_ns); }

 private:
  std::function<void(Worker&, std::int64_t)> what_;
};

}  // namespace

void Simulation::keep_saved(const std::string& id, Saved& saved) { listener_->saved[id] = std::move(saved); }

const Worker::Place& Simulation::place_of(const RoomRecord& record) const {
  for (const auto& side : workers_)
    for (const auto& place : side->worker->places())
      if (place->room && place->record.get() == &record) return *place;
  throw Broken("a room is kept that nobody runs");
}

// After the constructor's part that makes the listener: half of the crashing seeds keep rooms as relays do, by the worker's schedule.
void Simulation::make_shelf() {
  if (!crashes_ || random_.chance(0.5)) return;
  keep_interval_ns_ = random_.between(100, 1000) * ms;
  shelf_ = std::make_unique<Shelf>(*this, random_.fork());
}

void Simulation::start_relay() {
  if (!loops_.empty()) check_counts();
  burning_.clear();
  listener_->slow.clear();
  loops_.clear();
  workers_.clear();
  loop_ports_.clear();
  worker_ports_.clear();
  truth_.failures.clear();
  rooms_most_ = things_most_ = seats_most_ = 0;
  lobby_ = std::make_unique<Lobby>(worker_count);
  door_ = std::make_unique<Door>(*this);
  acceptor_stats_ = std::make_unique<StatsShard>();
  entrance_ = std::make_unique<Entrance>(options_, door_->reception.bans(), *acceptor_stats_, now_ns_, random_.fork(), tally_);
  for (std::size_t i = 0; i < loop_count; ++i)
    loop_ports_.push_back(&loops_.emplace_back(std::make_unique<LoopSide>())->port);
  for (std::size_t i = 0; i < worker_count; ++i)
    worker_ports_.push_back(&workers_.emplace_back(std::make_unique<WorkerSide>())->port);
  for (std::size_t i = 0; i < loop_count; ++i) {
    LoopSide& side = *loops_[i];
    side.port.waker = &side.flag;
    side.sockets = std::make_unique<FakeSockets>(now_ns_, random_.fork(), tally_, *entrance_,
                                                 [this](const PeerAddress& from) { entrance_->released(from); });
    side.loop = std::make_unique<Loop>(Loop::Options{.index = static_cast<std::uint8_t>(i), .loops = loop_count, .guard = entrance_.get()}, side.port, worker_ports_,
                                       *door_, *side.sockets, side.stats);
  }
  for (std::size_t i = 0; i < worker_count; ++i) {
    WorkerSide& side = *workers_[i];
    side.port.waker = &side.flag;
    side.worker = std::make_unique<Worker>(
        static_cast<std::uint32_t>(i), [this, &side] { return now_ns_ + side.burned_ns; }, side.port, loop_ports_,
        *lobby_, *listener_, *papers_, side.stats);
    if (shelf_) side.worker->keep_with(*shelf_, keep_interval_ns_);
  }
}

// Now and then, of every room: at a tick as its frames leave, or in between, as other stores may.
void Simulation::keep_checkpoints() {
  if (shelf_) return shelf_->step(now_ns_);
  if (!crashes_ || now_ns_ < next_checkpoint_ns_) return;
  next_checkpoint_ns_ = now_ns_ + random_.between(50, 900) * ms;
  const auto keep = [this](const Worker::Place& place, std::span<const std::byte> bytes) {
    const Room& room = *place.room;
    listener_->saved[room.settings().id] = {
        {bytes.begin(), bytes.end()}, now_ns_, room.term(), room.tick(), truth_.of(room.settings().id).said,
        place.record->logic,          0};
  };
  const bool between = random_.chance(0.3);
  for (WorkerPort* port : worker_ports_)
    port->post(std::make_unique<ErrandOf>([keep, between](Worker& worker, std::int64_t) {
      CheckpointWriter writer;
      for (const auto& place : worker.places()) {
        if (!place->room) continue;
        if (between)
          keep(*place, writer.write(*place->room));
        else
          worker.checkpoint_at_next_send(
              *place, [keep](Worker&, Worker::Place& at, CheckpointWriter::Bytes bytes) { keep(at, bytes); });
      }
    }));
}

// The process dies with all its rooms; another takes them up from what was kept.
void Simulation::crash() {
  tally_.count(Fault::crash);
  for (auto& side : loops_) side->sockets->cut_all();
  entrance_->cut_all();
  truth_.note_crash();
  if (shelf_) shelf_->waiting.clear();
  start_relay();
  next_checkpoint_ns_ = now_ns_ + random_.between(50, 2500) * ms;  // perhaps it dies again before the first
  const std::int64_t back_ns = now_ns_ + random_.between(0, 400) * ms;
  for (auto& side : loops_) side->stalled_until_ns = back_ns;
  for (auto& side : workers_) side->stalled_until_ns = back_ns;
  for (auto& [id, saved] : listener_->saved) restore(id, saved, true);
}

void Simulation::restore(const std::string& id, Saved& saved, bool lost) {
  auto read = read_checkpoint(saved.bytes);
  if (const auto* wrong = std::get_if<std::string>(&read)) throw Broken("a checkpoint that cannot be read: " + *wrong);
  auto& state = std::get<SavedRoomPointer>(read);
  RoomTruth& truth = truth_.of(id);
  const auto passed = static_cast<Tick>((now_ns_ - saved.at_ns) * state->settings.tick_rate / second + 1);
  Restore how{.term = truth.terms.rbegin()->first + 1 + static_cast<std::uint32_t>(random_.below(3)),
              .tick = saved.tick,
              .lost_terms = 0,
              .lost_ticks = 0};
  if (lost) {
    // Whose clock knows how much time passed goes on there; others must do without.
    how.tick += random_.chance(0.5) ? passed : static_cast<Tick>(random_.below(3));
    how.lost_terms = ++saved.restores;
    how.lost_ticks = passed;
    truth.said = saved.said;
    truth.threw = false;
    if (saved.restores > 1) tally_.count(Fault::lost_again);
  }
  Term& term = truth.terms[how.term];
  term.parent = saved.term;
  term.start = saved.tick;
  term.lost = lost;
  const RoomRecordPointer record = lobby_->restore(std::move(state), how, saved.logic, now_ns_);
  SIM_REQUIRE(record, "a room is restored once");
  post_place(record);
}

void Simulation::post_place(const RoomRecordPointer& record) {
  worker_ports_[record->worker]->post(
      std::make_unique<ErrandOf>([record](Worker& worker, std::int64_t now_ns) { worker.place_of(record, now_ns); }));
}

// Some room goes on elsewhere, from exactly where it is.
void Simulation::hand_over() {
  const std::vector<RoomRecordPointer> rooms = lobby_->all();
  if (rooms.empty()) return;
  const std::string id = random_.pick(rooms)->id;
  for (WorkerPort* port : worker_ports_)
    port->post(std::make_unique<ErrandOf>([this, id](Worker& worker, std::int64_t) {
      for (const auto& place : worker.places()) {
        if (!place->room || place->room->settings().id != id) continue;
        worker.checkpoint_at_next_send(*place, [this, id](Worker& from, Worker::Place& at,
                                                          CheckpointWriter::Bytes bytes) {
          Saved saved{{bytes.begin(), bytes.end()}, now_ns_, at.room->term(), at.room->tick(), {}, at.record->logic, 0};
          truth_.read(from);
          if (shelf_) shelf_->waiting.erase(id);  // by a store's terms it would come too late
          from.let_go(at, CloseCode::restarting, "");
          restore(id, saved, false);
          tally_.count(Fault::hand_over);
        });
      }
    }));
}

// ---------------------------------------------------------------------------------------------- logics that take long

void Simulation::start_burning() {
  for (const RoomRecordPointer& record : lobby_->all()) {
    if (record->settings.authority != Authority::logic || random_.chance(0.5)) continue;
    burning_ = record->id;
    listener_->burned.insert(record->id);
    burns_until_ns_ = now_ns_ + random_.between(2500, 14000) * ms;
    return tally_.count(Fault::burn);
  }
}

// More than its ticks leave room for; the worker's clock goes on, and it takes no other step meanwhile.
void Simulation::burn(const Room& room) {
  if (room.settings().id != burning_ || now_ns_ >= burns_until_ns_) return;
  for (auto& side : workers_)
    for (const auto& place : side->worker->places())
      if (place->room.get() == &room) side->burned_ns += 2 * second / room.settings().tick_rate;
}

}  // namespace tickrelay::sim
