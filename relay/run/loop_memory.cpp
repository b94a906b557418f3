// Where there is no memory for what a connection wants, or for what it is to be told: that connection ends with `overloaded`, counted,
// and no other.

#include <new>

#include "relay/run/loop.h"

namespace tickrelay {

void Loop::lose(SocketId socket) {
    builder_ = flatbuffers::FlatBufferBuilder{1024};  // one that found no memory counts on more than it has
    if (socket >= peers_.size() || peers_[socket].phase == Phase::closing || peers_[socket].phase == Phase::free) return;
    stats_.refused(CloseCode::overloaded).add();
    try {
        close(socket, CloseCode::overloaded, "no memory");
    } catch (const std::bad_alloc&) {  // a simulated network keeps closes for later; it ends with its silence
    }
}

void Loop::lose(Outbound& item) {
    if (item.kind != Outbound::Kind::batch) {
        if (peer_of(item.link) != nullptr) lose(Connection::of(item.link).socket);
        return;
    }
    // Whoever was not reached falls behind by itself. The worker counts on its batch.
    for (const YoursItem& yours : item.batch->yours)
        if (yours.socket < peers_.size()) peers_[yours.socket].yours = nullptr;
    batches_back_[item.batch->worker].send_always(std::move(item.batch));
}

// A seat was made for it that it cannot take.
void Loop::turn_away(LinkId link, const Admission& admission) {
    const Peer* peer = peer_of(link);
    if (peer == nullptr || peer->phase == Phase::joining) give_back(link, admission);
    if (peer != nullptr) lose(Connection::of(link).socket);
}

void Loop::give_back(LinkId link, const Admission& admission) {
    Inbound item;
    item.kind = Inbound::Kind::closed;
    item.room = admission.room;
    item.player = admission.player;
    item.link = link;
    send_inbound(admission.worker, std::move(item), false);
}

}  // namespace tickrelay
