// One tick thread's work: drains its inbox into its rooms, ticks those that are due, and hands what they send to the loops.
// Owner: its worker thread; everything here is called on it. Deadlines are absolute: a late tick's number is skipped, never caught up.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "relay/core/checkpoint.h"
#include "relay/core/encode.h"
#include "relay/core/publication.h"
#include "relay/core/room.h"
#include "relay/run/join.h"
#include "relay/run/keeper.h"
#include "relay/run/lobby.h"
#include "relay/run/ports.h"
#include "relay/run/publications.h"
#include "relay/run/trace.h"
#include "relay/stats.h"

namespace tickrelay {

// Hears what operators follow: rooms and players coming and going, messages. Called on workers; must be quick and never block.
class Journal {
  public:
    virtual ~Journal() = default;
    virtual void room_spawned(const Room& room) = 0;
    virtual void room_restored(const Room& room) = 0;
    virtual void room_closed(const Room& room, std::string_view reason) = 0;
    // It goes on elsewhere, or in the next process.
    virtual void room_let_go(const Room& room, std::string_view reason) { room_closed(room, reason); }
    virtual void player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) = 0;
    virtual void message(const Room& room, PlayerNumber from, const Event& event) = 0;
    // Its worker is overloaded: the room sends and ticks so often now, below its settings; and then as they say again.
    virtual void room_slowed(const Room& room, double send_hz, double tick_hz) = 0;
    virtual void room_full_rate(const Room& room) = 0;
    virtual void flush() {}  // at the end of a step
};

class Worker final : public RoomObserver {
  public:
    static constexpr std::uint32_t send_slowness_max = 3;
    static constexpr std::uint32_t slowness_max = 6;

    struct Place;
    // Gets a room's bytes, valid during the call, as the last thing of a tick: may let the room go.
    using CheckpointTaken = std::function<void(Worker& worker, Place& place, CheckpointWriter::Bytes bytes)>;

    // A connected seat, as the worker knows its connection.
    struct Placed {
        PlayerNumber number = 0;
        Connection connection;
        LinkPointer link;
        Connection shield{};  // generation 0: it has none
        // The first message of actions since the last that a Yours told of: its last action, 0 for none, and how long before its tick
        // it was read.
        std::uint32_t early_seq = 0;
        std::uint32_t early_us = 0;
        bool moving = false;  // in a room with views: its last frame had state
        PeerAddress peer{};
    };

    // A room with its clock and its connections.
    struct Place {
        std::uint32_t generation = 0;
        RoomRecordPointer record;
        std::unique_ptr<Room> room;
        TickClock clock;
        std::int64_t due_ns = 0;
        Tick idle_ticks = 1;
        std::vector<Placed> placed;
        std::vector<std::uint32_t> players_on_loop;  // and shields: who gets batches
        std::vector<std::uint32_t> batches_out;  // per loop: sent, not back yet
        std::uint64_t ticks = 0;
        std::uint64_t ticks_skipped = 0;
        double tick_mean_us = 0;
        double tick_max_us = 0;
        std::optional<FrameBytes> frame_bytes;
        std::int64_t busy_ns = 0;    // in this period
        std::uint32_t tenure = 0;    // in which it runs; see Right. 0: it did not run yet
        bool parked = false;         // its last frames have left, and it stands still until it is let go: another node takes it up
        std::uint32_t stood = 0;     // while it stands still: ticks that went by since its last
        std::uint32_t slowness = 0;  // doublings: first of the time between sends, then of that between ticks
        [[nodiscard]] std::uint32_t send_stride() const { return 1U << std::min(slowness, send_slowness_max); }
        [[nodiscard]] std::uint32_t tick_stride() const { return 1U << (std::max(slowness, send_slowness_max) - send_slowness_max); }
        std::vector<CheckpointTaken> checkpoint_taken;  // asked for, at the next send tick

        // How it is kept (worker_keep.cpp).
        std::int64_t keep_due_ns = 0;         // not before this
        std::int64_t logic_looked_ns = 0;     // when its logic was asked last
        std::int64_t keep_waits_since_ns = 0; // it changed and is due, but the worker has spent its share. 0: it does not wait
        bool kept = false;                    // ever, by this owner
        std::int64_t kept_at_ns = 0;          // when it was given to the keeper last,
        std::int64_t unkept_since_ns = 0;     // ... and since when that holds something that no durable one does
        std::uint64_t kept_mark = 0;          // of what was given last
        std::uint64_t kept_logic_mark = 0;

        // How it is published (worker_publish.cpp).
        std::unique_ptr<Publisher> publisher;  // null: nobody watches it
        std::int64_t near_until_ns = 0;        // for a mirror of this relay,
        std::int64_t far_until_ns = 0;         // ... for those of other nodes
        std::int64_t published_ns = 0;
        bool publish_whole = false;

        [[nodiscard]] bool is_mirror() const { return record->settings.mirror; }
    };

    using Clock = std::function<std::int64_t()>;  // CLOCK_MONOTONIC, ns, or the simulator's

    Worker(std::uint32_t index, Clock clock, WorkerPort& port, std::span<LoopPort* const> loops, Lobby& lobby, Journal& journal, Sessions& sessions, StatsShard& stats);
    ~Worker() override;

    // Rooms are given to the keeper at most every interval_ns, and again only if they changed. Before the first step.
    void keep_with(Keeper& keeper, std::int64_t interval_ns);
    void publish_with(Publications& publications) { publications_ = &publications; }  // before the first step
    // Before the first step; null: nobody asked.
    void trace_with(TraceTrack* trace) { trace_ = trace; }

    // Does what is due. Returns when it wants to be called again, ns.
    std::int64_t step(std::int64_t now_ns);

    // ---- for errands, on this thread

    // The room's place; made where the record is new here. Null: the room is gone.
    Place* place_of(const RoomRecordPointer& record, std::int64_t now_ns);
    [[nodiscard]] std::span<const std::unique_ptr<Place>> places() const { return places_; }
    void close_room(Place& place, CloseCode code, std::string_view reason);
    // Right after its next frames: whoever got those lacks nothing of it.
    void checkpoint_at_next_send(Place& place, CheckpointTaken taken) { place.checkpoint_taken.push_back(std::move(taken)); }
    // The keeper gets it, whatever is due, right after its next frames. `then`: as of Keeper::keep; not where the room ends before.
    void keep_at_next_send(Place& place, Keeper::Then then);
    // The keeper gets the room as its last frames left it, and it is let go: after its next frames, or now, where those who are connected
    // may lack what was written since the last.
    void hand_over(Place& place, CloseCode code, std::string_view detail);
    void hand_over_now(Place& place, CloseCode code, std::string_view detail);
    // The keeper gets the room as its next frames leave it, and then it stands still until let_go(). What players do from there on is
    // not taken here: their SDKs say it again where they resume.
    void park(Place& place, Keeper::Then then);
    // It goes on here; its players come back and say what was not taken.
    void unpark(Place& place, std::string_view detail);
    // The room goes on elsewhere: its connections are closed with a code that reconnects, its seats are not ended. `moved`: detail is
    // the URL.
    void let_go(Place& place, CloseCode code, std::string_view detail);
    void join(JoinErrand& errand, std::int64_t now_ns);
    // It is published for some seconds from now. near: for a mirror of this relay; else for other nodes'. whole: from all of it on.
    void watch(Place& place, bool near, bool whole, std::int64_t now_ns);
    [[nodiscard]] static const Placed* placed(const Place& place, PlayerNumber number);

    // ---- what rooms tell
    void seat_taken(const Room& room, const Seat& seat) override;
    void seat_dropped(const Room& room, const Seat& seat) override;
    void seat_resumed(const Room& room, const Seat& seat) override;
    void seat_ended(const Room& room, const Seat& seat, CloseCode code, std::string_view reason) override;
    void seat_simulated(const Room& room, const Seat& seat) override;
    void action_refused(const Room& room, const Seat& seat, Refusal refusal) override;
    void message(const Room& room, PlayerNumber from, const Event& event) override;

  private:
    // ---- worker.cpp
    void drain(std::int64_t now_ns);
    void take(Inbound& item, std::int64_t now_ns);
    void take_actions(const Inbound& item);
    static void note_taken(Place& place, const Inbound& item, const Actions& actions);
    Place* find(const RoomRef& ref);
    void run_due(std::int64_t now_ns);
    [[nodiscard]] bool may_run(Place& place) const;
    void stand_still(Place& place, std::int64_t now_ns);
    void tick(Place& place, std::int64_t now_ns);
    void fail(Place& place, std::string_view what);
    void forget(Place& place);
    void make_room(Place& place);
    void give_up(const RoomRecordPointer& record, CloseCode code, std::string_view what);
    Place& new_place(const RoomRecordPointer& record);
    void place_in_time(Place& place, std::int64_t now_ns);
    Place& place_of(const Room& room);

    // ---- worker_memory.cpp
    void fail_thrown(Place& place);
    void run_errand(Errand& errand, std::int64_t now_ns);
    // There was no memory for something of it: it may be half done, so it ends here, without a word to its logic.
    void out_of_memory(Place& place);
    void drop_room(Place& place, CloseCode code, std::string_view why);
    void forget_half_made();
    void settle(Place& place);
    void set_aside(RoomRecord& record, std::string_view why);
    void finish_step(std::int64_t now_ns);
    std::uint32_t free_slot();

    // ---- worker_keep.cpp
    void take_checkpoint(Place& place, std::int64_t now_ns);
    void keep(Place& place, CheckpointWriter::Bytes bytes, bool runs_on, Keeper::Then then);
    bool keep_is_due(Place& place, std::int64_t now_ns);
    [[nodiscard]] bool changed(Place& place, std::int64_t now_ns);
    void begin_keeping(Place& place, std::int64_t now_ns);
    void keep_step(std::int64_t now_ns);
    void keep_measure(std::int64_t now_ns);

    [[nodiscard]] Keeper* keeper_of(const Place& place) const { return place.is_mirror() ? nullptr : keeper_; }

    // ---- worker_publish.cpp
    void publish(Place& place, Tick now, std::int64_t now_ns);
    void publish_now(Place& place, std::int64_t now_ns, bool near, bool far);
    void publish_last(Place& place);
    void publish_end(Place& place, CloseCode code);
    void note_gone(Place& place);
    [[nodiscard]] Journal& journal_of(const Room& room) const;
    void count_room(const Place& place, int more) { (place.is_mirror() ? stats_.mirrors : stats_.rooms).add(more); }

    // ---- worker_load.cpp
    void measure_busy(std::int64_t started_ns);
    void slow_down();
    void speed_up();
    void set_slowness(Place& place, std::uint32_t slowness);

    // ---- worker_join.cpp
    void take_join(JoinErrand& errand, std::int64_t now_ns);
    Seat* seat_for(Place& place, JoinErrand& errand, Drop& refused);
    Seat* take_over(Place& place, Seat& seat, JoinErrand& errand);
    Seat* make_seat(Room& room, JoinErrand& errand, Drop& refused);
    static bool spent(Room& room, const JoinErrand& errand, Drop& refused);
    Seat* make_again(Place& place, JoinErrand& errand, Drop& refused);
    Seat* make_watcher(Place& place, JoinErrand& errand, Drop& refused);
    [[nodiscard]] static Seat* proven(Room& room, const JoinErrand& errand);
    void connect(Place& place, Seat& seat, JoinErrand& errand, std::int64_t now_ns, bool resumed);
    Encoder::Bytes welcome(const Place& place, const Seat& seat, const Line::Position& at, const JoinErrand& errand,
                           bool rolled_back, std::int64_t now_ns);
    void unplace(Place& place, PlayerNumber number);
    void shield(Place& place, const JoinErrand& errand);
    void end_shield(Place& place, Placed& of, CloseCode code, std::string_view detail);
    bool lost_shield(Place& place, const Inbound& item);
    void send_conditions(const Connection& connection, const Conditions& conditions);
    void refuse(const JoinErrand& errand, const Drop& drop);
    void send_close(const Connection& connection, CloseCode code, std::string_view detail);

    // ---- worker_send.cpp
    void send(Place& place, Tick now);
    void send_whole(Place& place, Tick now);
    Frame* encode(Place& place, const FrameInfo& info);
    std::uint64_t next_frame_number() { return static_cast<std::uint64_t>(index_) << 48 | ++frames_made_; }
    Batch* take_batch(Place& place, std::uint32_t loop);
    void add_yours(Place& place, Placed& to, const Line::Position& at, Tick now);
    bool fill_yours(Place& place, const Placed& to, const Line::Position& at, Tick now, YoursContent& content);
    void put_yours(Batch& batch, Seat& seat, Placed& to, const Line::Position& at, const YoursContent& content);
    void take_back();
    void put_back(Frame* frame);

    // ---- worker_trace.cpp. REQUIRES: trace_
    void trace_inputs(std::int64_t began_ns, std::span<const Inbound> taken);
    void trace_tick(const Place& place, Tick now, std::int64_t began_ns, std::int64_t took_ns);
    void trace_frames(const Place& place, std::int64_t began_ns);
    void trace_views(const Place& place, std::int64_t began_ns);
    void trace_encode(const Place& place, std::int64_t began_ns, std::uint64_t frames, std::uint64_t bytes);
    void trace_handed(const Place& place, Batch& batch);
    Batch* batch_for(Place& place, std::uint32_t loop);

    // ---- worker_views.cpp
    void send_views(Place& place, Tick now);
    [[nodiscard]] bool may_look(const Placed& to) const;
    void send_view(Place& place, Placed& to, const Viewer& viewer, Tick now);
    static void put_view(Batch& batch, const Connection& to, std::uint64_t number, const FrameInfo& info, Encoder::Bytes payload);

    std::uint32_t index_;
    Clock clock_;
    WorkerPort& port_;
    std::span<LoopPort* const> loops_;
    Lobby& lobby_;
    Journal& journal_;
    Sessions& sessions_;
    StatsShard& stats_;

    std::vector<Queue<Outbound>::Sender> to_loops_;
    std::vector<Queue<MessageBlock*>::Sender> blocks_back_;
    std::vector<bool> loop_to_wake_;
    std::vector<Inbound> taken_;
    std::vector<Batch*> batches_taken_;

    std::vector<std::unique_ptr<Place>> places_;  // by slot; a place without room is free
    std::vector<std::uint32_t> free_slots_;
    std::vector<std::uint32_t> due_;  // slots, this pass
    std::uint32_t next_phase_ = 0;

    Encoder encoder_;
    CheckpointWriter checkpoints_;
    Publications* publications_ = nullptr;  // null: nobody watches
    Keeper* keeper_ = nullptr;  // null: rooms end with the process
    std::int64_t keep_interval_ns_ = 0;
    std::int64_t keep_budget_ns_ = 0;   // of time for checkpoints; below 0 it is spent
    std::int64_t keep_filled_ns_ = 0;   // when it was filled last
    std::int64_t keep_oldest_ns_ = 0;   // since when the room waits that waits longest; 0: none does
    std::vector<Want> wants_;
    std::vector<Frame*> frames_;       // of the room that sends
    std::vector<FrameInfo> infos_;
    std::vector<Batch*> batches_now_;  // per loop, of the room that sends
    bool sends_ = false;               // what was made is with nobody else yet
    std::vector<std::pair<Placed*, Viewer>> viewers_;
    std::vector<bool> settled_;  // per loop: it has sent all of this room's batches
    std::vector<std::uint8_t> parts_;
    std::vector<std::unique_ptr<Frame>> all_frames_;
    std::vector<Frame*> free_frames_;
    std::uint64_t frames_made_ = 0;
    std::vector<std::unique_ptr<Batch>> all_batches_;
    std::vector<Batch*> free_batches_;

    std::int64_t period_started_ns_ = 0;
    std::int64_t busy_ns_ = 0;  // in this period
    bool crowded_ = false;      // the last period was well filled: then each message's time counts for its room
    TraceTrack* trace_ = nullptr;
};

}  // namespace tickrelay
