// A room's id, taken and freed by call. On the caller's thread, which waits.

#include <array>

#include "relay/fleet/nats_store.h"

namespace tickrelay {

namespace {

constexpr std::int64_t id_patience_ms = 1'000;

}  // namespace

NatsStore::Begun NatsStore::begin_named(const std::string& room_id) {
    for (int tries = 0; tries < 3; ++tries) {
        const RoomClaim entry{.node = node_.name(), .incarnation = node_.incarnation(), .term = new_term()};
        Nats::Value there;
        const Nats::Read read = nats_.get(node_.rooms_bucket(), key_of(room_id), there, id_patience_ms);
        if (read == Nats::Read::found) return Begun::exists;
        if (read == Nats::Read::failed) return Begun::failed;
        if (there.revision >= entry.term) {  // a room of this id ended just now: its term may be as high
            node_.removed_room(room_id, there.revision);
            continue;
        }
        const Stored wrote = write_entry(room_id, entry, there.revision);
        if (wrote == Stored::failed) return Begun::failed;
        if (wrote != Stored::durable) continue;
        const std::scoped_lock lock(mutex_);
        begun_[room_id] = entry.term;
        return Begun::claimed;
    }
    return Begun::exists;
}

// That its owner is over is read from the leader, as by who takes a room up. The entry goes first: from there on nobody can claim it. Then the
// checkpoints of its terms alone: a room of this id may begin anew at once.
NatsStore::Discarded NatsStore::discard(const std::string& room_id) {
    if (!node_.may_run()) return Discarded::failed;
    const auto look = [&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(room_id);
        return room == nullptr ? std::nullopt : std::optional(*room);
    };
    const auto known = node_.ask(look);
    if (!known) return Discarded::none;
    const bool own = node_.find(room_id).where == Directory::Where::here && is_aside(room_id);
    if (!own) {
        if (!node_.read_node(known->entry.node)) return Discarded::failed;
        const bool over = node_.ask([&](Directory& directory, std::int64_t now_ns) { return directory.is_free(*known, now_ns); });
        if (!over) return Discarded::none;
    }
    const std::string key = key_of(room_id);
    std::uint64_t revision = 0;
    switch (nats_.remove(node_.rooms_bucket(), key, known->revision, revision, id_patience_ms)) {
        case Nats::Wrote::failed: return Discarded::failed;
        case Nats::Wrote::conflict: return Discarded::none;
        case Nats::Wrote::done: break;
    }
    node_.removed_room(room_id, revision);
    directory_.give([this, key, terms = std::array{known->entry.term, known->entry.kept_term}] {
        for (const std::uint32_t term : terms)
            if (term != 0)
                nats_.purge(settings_.node.prefix + "_checkpoints", settings_.node.prefix + ".checkpoint." + key + "." + std::to_string(term) + ".>", id_patience_ms);
    });
    const std::scoped_lock lock(mutex_);
    aside_.erase(room_id);
    return Discarded::done;
}

}  // namespace tickrelay
