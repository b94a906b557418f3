// One socket thread's work: reads messages into the workers' inboxes, and sends what the workers made, one send per connection and tick.
// Owner: its loop thread; everything here is called on it. Never touches a world.
//
// A frame is handed to the socket or dropped, in the order of the outbox. The base moves after the write.
#pragma once

#include <deque>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "relay/core/decode.h"
#include "relay/core/line.h"
#include "relay/run/bad_network.h"
#include "relay/run/bucket.h"
#include "relay/run/gate.h"
#include "relay/run/guard.h"
#include "relay/run/join_pace.h"
#include "relay/run/ports.h"
#include "relay/run/sockets.h"
#include "relay/stats.h"

namespace tickrelay {

class Loop final : public SocketEvents {
  public:
    struct Options {
        std::uint8_t index = 0;
        std::uint32_t loops = 1;  // of the relay
        Guard* guard = nullptr;   // none: no limits but those of limits.h
        TraceTrack* trace = nullptr;
    };

    // All must outlive the loop.
    Loop(Options options, LoopPort& port, std::span<WorkerPort* const> workers, Gate& gate, Sockets& sockets, StatsShard& stats);
    ~Loop() override;

    // Sends what is in the outbox, keeps the clocks of connections. Returns when it wants to be called again, ns:
    // more than 20 ms away where input may be read as it comes, sooner where input is read in slices.
    std::int64_t step(std::int64_t now_ns);

    void opened(SocketId socket) override;
    void received(SocketId socket, std::span<const std::byte> message) override;
    void broken(SocketId socket, const Drop& drop) override;
    void overhead(SocketId socket, std::uint64_t bytes) override;
    void writable(SocketId socket) override;
    void closed(SocketId socket) override;

  private:
    enum class Phase : std::uint8_t { free, fresh, joining, seated, shield, closing };

    struct Peer {
        Phase phase = Phase::free;
        bool blocked = false;   // the socket said so; writable() comes
        bool paused = false;    // not read: too much of it is in its worker's inbox, or it is above its quota
        bool join_waits = false;
        bool was_sent = false;  // a frame
        bool quick_acks = true;
        std::uint32_t generation = 0;
        std::uint32_t worker = 0;
        RoomRef room;
        PlayerNumber player = 0;
        std::uint32_t place = 0;  // in Members::sockets or shields
        std::int64_t opened_ns = 0;
        LinkPointer link;  // of a shield: that of the first connection
        Line line;
        const YoursItem* yours = nullptr;  // during one batch
        EventNumber direct_told = 0;
        Bucket messages_in, bytes_in;    // of its quotas
        std::int64_t read_again_ns = 0;  // while it is paused for them
        std::uint64_t bytes = 0;         // sent
        std::uint64_t bytes_before = 0;  // at the last sample
        std::uint64_t delivered = 0;     // when it last had to be asked,
        std::int64_t delivered_while_ns = 0;  // ... for a wait that began then
        std::unique_ptr<std::vector<std::byte>> late;  // must not be dropped: a Welcome, a list; waits for writable()
    };

    // The players of one room on this loop.
    struct Members {
        std::uint32_t generation = 0;
        std::vector<SocketId> sockets;
        std::vector<SocketId> shields;
        TickClock clock;
        Tick newest = 0;
    };

    // A Join that came while too many others did.
    struct WaitingJoin {
        SocketId socket = 0;
        std::uint32_t generation = 0;
        MessageBlock message;
    };

    // What was sent at one tick of a room, for the shields: the batch goes back at once.
    struct Held {
        struct Copy {
            std::uint64_t number = 0;  // of the frame
            std::size_t offset = 0, bytes = 0;
            LinkId shield = 0;  // in a room with views: whose it is
        };
        std::int64_t due_ns = 0;
        std::uint32_t worker = 0;
        RoomRef room;
        std::vector<Copy> copies;
        std::vector<std::byte> bytes;
    };

    // ---- loop.cpp
    void take_outbox();
    void take_outbound(Outbound& item);
    void simulate(SocketId socket, const Conditions& conditions);
    void run_bad_network();
    void admit(LinkId link, Admission& admission);
    void give_back(LinkId link, const Admission& admission);
    bool leave_room(SocketId socket, Peer& peer, Inbound::Kind how);
    void leave_members(Peer& peer);
    void close(SocketId socket, CloseCode code, std::string_view detail);
    void sweep();
    void sample(SocketId socket, Peer& peer);
    void resume_reading();
    [[nodiscard]] std::int64_t next_step();
    [[nodiscard]] std::int64_t next_read();
    [[nodiscard]] std::int64_t next_slice() const;
    Peer* peer_of(LinkId link);
    [[nodiscard]] LinkId link_of(SocketId socket) const;
    Members& members_of(std::uint32_t worker, const RoomRef& room);

    // ---- loop_memory.cpp
    template <typename Work>
    void guarded(SocketId socket, const Work& work);
    void lose(SocketId socket);
    void lose(Outbound& item);
    void turn_away(LinkId link, const Admission& admission);
    void look_after();

    // ---- loop_send.cpp
    [[nodiscard]] bool may_send(const Batch& batch) const;
    void send_batch(const Batch& batch);
    void send_to(SocketId socket, const Batch& batch);
    void send_views(const Batch& batch, Members& members);
    [[nodiscard]] bool may_take(Peer& peer);
    void pass_over(Peer& peer);
    void hand(SocketId socket, const FrameInfo& info, std::uint64_t number, std::span<const std::byte> frame, const YoursItem* yours,
              const Batch& batch);
    void send_yours_alone(SocketId socket, Peer& peer, const Batch& batch);
    void count_sent(const Peer& peer, const FrameInfo& frame, std::size_t bytes);
    bool note_sent(Peer& peer, Sent sent);
    void note_bytes(Peer& peer, std::size_t bytes) {
        peer.bytes += bytes;
        if (options_.trace == nullptr) return;
        ++sends_;
        sent_bytes_ += bytes;
    }
    void send_surely(SocketId socket, std::span<const std::byte> framed);
    void publish(Peer& peer);
    void note_writable(SocketId socket);

    // ---- loop_trace.cpp. REQUIRES: options_.trace
    void take_outbox_traced();
    void send_traced(const Batch& batch);

    // ---- loop_shield.cpp
    void hold(const Batch& batch);
    void send_copies();
    void send_held(const Held& held);
    bool send_copy(SocketId socket, const Held& held, const Held::Copy& copy);
    void receive_shield_update(SocketId socket, const Actions& actions);
    static void hear_shield(Peer& peer);

    // ---- loop_quota.cpp
    void read_quotas();
    void charge(SocketId socket, std::uint32_t messages, std::size_t bytes);
    void slow_down(SocketId socket, Peer& peer, std::int64_t ahead_ns);
    void refuse(SocketId socket, const Drop& drop);
    bool hold_join(SocketId socket, std::span<const std::byte> message);
    void take_waiting_joins();
    void send_home(SocketId socket, std::string_view why);

    // ---- loop_receive.cpp
    void take_message(SocketId socket, std::span<const std::byte> message);
    void receive_join(SocketId socket, std::span<const std::byte> message, const JoinRequest& join);
    void take_join(SocketId socket, const JoinRequest& join);
    void redirect(SocketId socket, std::string_view url, std::string_view room_id);
    void receive_update(SocketId socket, std::span<const std::byte> message, const Actions& actions);
    void receive_ping(SocketId socket, const PingRequest& ping);
    void receive_list(SocketId socket, const ListRequest& request);
    void receive_leave(SocketId socket);
    void receive_pace(SocketId socket, const PaceRequest& request);
    void receive_resync(SocketId socket, const ResyncRequest& request);
    void forward_actions(Peer& peer, SocketId socket, std::span<const std::byte> message, const Actions& actions);
    void send_inbound(std::uint32_t worker, Inbound&& item, bool wake);
    MessageBlock* take_block();

    Options options_;
    LoopPort& port_;
    std::span<WorkerPort* const> workers_;
    Gate& gate_;
    BadNetwork sockets_;
    StatsShard& stats_;

    std::vector<Queue<Inbound>::Sender> to_workers_;
    std::vector<Queue<Batch*>::Sender> batches_back_;
    std::vector<std::vector<Members>> members_;  // [worker][slot]
    std::vector<Peer> peers_;                    // by socket
    std::vector<SocketId> paused_;
    std::vector<Held> held_;  // by time
    std::vector<Held> spare_held_;
    std::vector<std::unique_ptr<MessageBlock>> blocks_;  // all there are
    std::vector<MessageBlock*> free_blocks_;
    std::vector<std::byte> scratch_;
    flatbuffers::FlatBufferBuilder builder_{1024};
    std::vector<Outbound> taken_;

    std::int64_t now_ns_ = 0;
    std::int64_t next_sweep_ns_ = 0;
    std::uint32_t received_since_sweep_ = 0;
    bool reads_in_slices_ = false;
    std::int64_t look_again_ns_ = 0;  // while somebody is paused or waits to join

    // Of one connection's quotas, as read at the last sweep.
    std::int64_t message_cost_ns_ = 0;
    std::int64_t kilobyte_cost_ns_ = 0;
    std::int64_t first_message_ns_ = 0;
    JoinPace joins_;
    std::deque<WaitingJoin> waiting_joins_;
    std::size_t waiting_bytes_ = 0;
    std::uint32_t sent_home_ = 0;  // with `restarting`
    // While there is a trace.
    std::uint64_t sends_ = 0, sent_bytes_ = 0;  // of frames and Yours
    std::uint64_t batches_ = 0;
};

template <typename Work>
void Loop::guarded(SocketId socket, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        lose(socket);
    }
}

}  // namespace tickrelay
