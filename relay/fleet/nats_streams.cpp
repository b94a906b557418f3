// Streams: many messages at once, and what was written last.

#include <algorithm>
#include <chrono>

#include "relay/fleet/nats_parts.h"

namespace tickrelay {

using namespace nats_parts;

void Nats::Parts::acknowledged(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr*, void* closure) {
    Parts& p = *static_cast<Parts*>(closure);
    const MessagePointer own(message);
    std::pair<std::shared_ptr<Batch>, std::size_t> of;
    {
        const std::scoped_lock lock(p.mutex);
        const auto found = p.flying.find(message);
        if (found == p.flying.end()) return;  // nobody waits for it any more
        of = std::move(found->second);
        p.flying.erase(found);
    }
    const std::scoped_lock lock(of.first->mutex);
    of.first->stored[of.second] = ack != nullptr;
    if (--of.first->pending == 0) of.first->moved.notify_all();
}

std::vector<bool> Nats::publish(std::span<const Message> messages, std::int64_t patience_ms) {
    Parts& p = *parts_;
    const auto batch = std::make_shared<Parts::Batch>();
    batch->stored.resize(messages.size());
    batch->pending = messages.size();
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = patience_ms;  // else one whose answer is lost counts as under way for ever, and 8,192 of them block the rest
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Message& from = messages[i];
        natsMsg* message = nullptr;
        natsStatus status = natsMsg_Create(&message, from.subject.c_str(), nullptr, from.bytes.data(), static_cast<int>(from.bytes.size()));
        natsMsg* const known = message;
        if (status == NATS_OK) {
            const std::scoped_lock lock(p.mutex);
            p.flying[known] = {batch, i};
        }
        options.MsgId = from.id.empty() ? nullptr : from.id.c_str();
        if (status == NATS_OK) status = js_PublishMsgAsync(p.js, &message, &options);
        if (status == NATS_OK) continue;
        {
            const std::scoped_lock lock(p.mutex);
            p.flying.erase(known);
        }
        natsMsg_Destroy(message);
        const std::scoped_lock lock(batch->mutex);
        --batch->pending;
    }
    std::unique_lock lock(batch->mutex);
    batch->moved.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] { return batch->pending == 0; });
    std::vector<bool> stored = batch->stored;
    const bool all = batch->pending == 0;
    lock.unlock();
    if (!all) {
        const std::scoped_lock forget(p.mutex);
        std::erase_if(p.flying, [&](const auto& each) { return each.second.first == batch; });
    }
    return stored;
}

Nats::Read Nats::last(const std::string& stream, const std::string& subject, std::string& bytes, std::int64_t patience_ms) {
    natsMsg* got = nullptr;
    jsErrCode error{};
    jsOptions options = patient(patience_ms);
    const natsStatus status = js_GetLastMsg(&got, parts_->js, stream.c_str(), subject.c_str(), &options, &error);
    if (status == NATS_NOT_FOUND || error == no_message) return Read::none;
    if (status != NATS_OK) return Read::failed;
    const MessagePointer message(got);
    bytes = bytes_of(got);
    return Read::found;
}

Nats::Read Nats::last_number(const std::string& stream, std::uint64_t& number, std::int64_t patience_ms) {
    jsStreamInfo* got = nullptr;
    jsErrCode error{};
    jsOptions options = patient(patience_ms);
    if (js_GetStreamInfo(&got, parts_->js, stream.c_str(), &options, &error) != NATS_OK) return Read::failed;
    const InfoPointer info(got);
    number = info->State.LastSeq;
    return Read::found;
}

bool Nats::purge(const std::string& stream, const std::string& subjects, std::int64_t patience_ms) {
    jsOptions options = patient(patience_ms);
    options.Stream.Purge.Subject = subjects.c_str();
    jsErrCode error{};
    return js_PurgeStream(parts_->js, stream.c_str(), &options, &error) == NATS_OK;
}

}  // namespace tickrelay
