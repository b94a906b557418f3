// Checkpoints of this node's rooms → the stream. One thread; all that wait go together.

#include <algorithm>
#include <utility>

#include "relay/fleet/nats_store.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds gathers{20};
constexpr milliseconds write_again{250};
constexpr std::int64_t write_patience_ms = 2'000;
constexpr std::size_t held_bytes_max = 512ULL << 20;
constexpr std::size_t one_checkpoint_most = 900'000'000;

}  // namespace

void NatsStore::put_checkpoint(CheckpointBytes checkpoint, Then<Stored> then) {
    const std::scoped_lock lock(mutex_);
    const auto waits = waiting_.find(checkpoint.id);
    const std::size_t replaced = waits == waiting_.end() ? 0 : waits->second.checkpoint.bytes.size();
    const std::size_t bytes = checkpoint.bytes.size();
    if (bytes > one_checkpoint_most || (replaced == 0 && waiting_bytes_ + bytes > held_bytes_max)) {
        if (then) directory_.give([then = std::move(then)] { then(Stored::failed); });
        return;
    }
    waiting_bytes_ += bytes - replaced;
    Put& put = waiting_[checkpoint.id];
    put.checkpoint = std::move(checkpoint);
    if (then) put.answers.push_back(std::move(then));
    wakes_.notify_all();
}

// What the directory's thread was given before is done by then, too.
void NatsStore::flush(Then<Stored> then) {
    directory_.give([this, then = std::move(then)] {
        const std::scoped_lock lock(mutex_);
        flushes_.push_back(then);
        wakes_.notify_all();
    });
}

void NatsStore::run_writer() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wakes_.wait(lock, [this] { return stopping_ || !waiting_.empty() || !flushes_.empty(); });
        if (failing_ && !stopping_) wakes_.wait_for(lock, write_again, [this] { return stopping_; });
        if (!stopping_ && !failing_ && flushes_.empty()) wakes_.wait_for(lock, gathers, [this] { return stopping_ || !flushes_.empty(); });
        const bool last = stopping_;
        std::map<std::string, Put> batch = std::exchange(waiting_, {});
        const Answers flushes = std::exchange(flushes_, {});
        waiting_bytes_ = 0;
        lock.unlock();
        write(std::move(batch));
        for (const auto& flushed : flushes) flushed(failing_ ? Stored::failed : Stored::durable);
        lock.lock();
        if (last) return;
    }
}

void NatsStore::answer(Put& put, Stored what) {
    for (const auto& answer : std::exchange(put.answers, {})) answer(what);
}

// The one of two that the newest head does not name: a try that failed may have been the newest after all.
std::optional<std::uint8_t> NatsStore::free_slot(const std::string& id, const std::string& subject) {
    if (!unsure_.contains(id)) return slots_[id] ^ 1U;
    std::string message;
    const Nats::Read read = nats_.last(settings_.node.prefix + "_checkpoints", subject + "head", message, write_patience_ms);
    if (read == Nats::Read::failed) return std::nullopt;
    std::string_view bytes;
    if (const auto head = read == Nats::Read::found ? parse_head(message, bytes) : std::nullopt) slots_[id] = head->slot;
    unsure_.erase(id);
    return slots_[id] ^ 1U;
}

// Parts first, then heads: until its head is there, the one before counts. Durable is what came while the lease held: later, whoever
// claimed the room may have read before it came.
void NatsStore::write(std::map<std::string, Put> batch) {
    if (batch.empty()) return;
    const std::string& prefix = settings_.node.prefix;
    std::vector<Nats::Message> parts, heads;
    std::vector<Put*> of_head;
    std::vector<std::size_t> part_of;
    std::vector<std::optional<std::uint8_t>> slot_of;  // nothing: not known now, and so nothing is written
    bool slots_known = true;
    for (auto& [id, put] : batch) {
        const std::string subject = prefix + ".checkpoint." + key_of(id) + "." + std::to_string(put.checkpoint.term) + ".";
        const bool large = put.checkpoint.bytes.size() > checkpoint_part_bytes;
        // Its parts go where the newest head does not point.
        const auto free = !large ? std::uint8_t{0} : slots_known ? free_slot(id, subject) : std::nullopt;
        slots_known &= free.has_value();
        const std::uint8_t slot = free.value_or(0);
        slot_of.push_back(free);
        CheckpointMessages messages = to_messages(put.checkpoint, slot);
        for (std::size_t i = 0; free && i < messages.parts.size(); ++i) {
            parts.push_back({.subject = subject + std::to_string(slot) + "." + std::to_string(i), .bytes = std::move(messages.parts[i]), .id = {}});
            part_of.push_back(heads.size());
        }
        heads.push_back({.subject = subject + "head", .bytes = std::move(messages.head), .id = {}});
        of_head.push_back(&put);
    }
    const std::vector<bool> parts_stored = nats_.publish(parts, write_patience_ms);
    std::vector<bool> good(heads.size(), true);
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (!parts_stored[i]) good[part_of[i]] = false;
    for (std::size_t i = 0; i < heads.size(); ++i) good[i] = good[i] && slot_of[i];
    std::vector<Nats::Message> ready;
    for (std::size_t i = 0; i < heads.size(); ++i)
        if (good[i]) ready.push_back(std::move(heads[i]));
    const std::vector<bool> heads_stored = nats_.publish(ready, write_patience_ms);
    const bool holds = node_.may_run();
    bool failed = false;
    for (std::size_t i = 0, at = 0; i < heads.size(); ++i) {
        const bool stored = good[i] && heads_stored[at++];
        failed |= !stored;
        Put& put = *of_head[i];
        if (put.checkpoint.bytes.size() > checkpoint_part_bytes && good[i]) {
            if (stored) slots_[put.checkpoint.id] = *slot_of[i];
            else unsure_.insert(put.checkpoint.id);
        }
        answer(put, stored && holds ? Stored::durable : Stored::failed);
        const std::scoped_lock lock(mutex_);
        if (stored) {
            stats_.store_commits.add();
            const auto old = old_terms_.find(put.checkpoint.id);
            if (old == old_terms_.end()) continue;
            const std::string subjects = prefix + ".checkpoint." + key_of(put.checkpoint.id) + "." + std::to_string(old->second) + ".>";
            if (old->second != put.checkpoint.term) directory_.give([this, subjects, prefix] { nats_.purge(prefix + "_checkpoints", subjects, write_patience_ms); });
            old_terms_.erase(old);
        } else if (!waiting_.contains(put.checkpoint.id) && !ending_.contains(put.checkpoint.id)) {
            waiting_bytes_ += put.checkpoint.bytes.size();
            std::string id = put.checkpoint.id;
            waiting_[std::move(id)] = {.checkpoint = std::move(put.checkpoint), .answers = {}};
        }
    }
    note_failing(failed);
}

// One line when it begins, one when it is over.
void NatsStore::note_failing(bool failing) {
    if (failing) stats_.store_errors.add();
    stats_.store_failing.set(failing ? 1 : 0);
    if (failing && !failing_)
        log::error("the NATS servers do not take checkpoints: rooms go on while the lease holds, and what they do is not safe from a crash; it is tried again "
                   "until it works",
                   {{"remedy", "look at the NATS servers, and at the way to them"}});
    if (!failing && failing_) log::info("the NATS servers take checkpoints again");
    failing_ = failing;
}

}  // namespace tickrelay
