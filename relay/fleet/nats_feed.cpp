#include "relay/fleet/nats_feed.h"

#include <utility>

#include "relay/fleet/nats_parts.h"

namespace tickrelay {

using namespace nats_parts;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds silence{2};  // then the stream is asked whether there is more
constexpr std::int64_t ask_patience_ms = 1'000;

using MetaPointer = std::unique_ptr<jsMsgMetaData, Destroy<jsMsgMetaData_Destroy>>;

}  // namespace

struct NatsFeed::Subscription {
    SubscriptionPointer pointer;
};

NatsFeed::NatsFeed(Nats& nats, std::string stream, std::string subjects, std::uint64_t after)
    : nats_(nats), stream_(std::move(stream)), subjects_(std::move(subjects)), number_(after) {}

NatsFeed::~NatsFeed() = default;

bool NatsFeed::subscribe() {
    jsSubOptions how;
    jsSubOptions_Init(&how);
    how.Stream = stream_.c_str();
    how.Ordered = true;
    how.Config.DeliverPolicy = js_DeliverByStartSequence;
    how.Config.OptStartSeq = number_ + 1;
    jsOptions options = patient(ask_patience_ms);
    natsSubscription* made = nullptr;
    jsErrCode error{};
    heard_ = steady_clock::now();
    if (js_SubscribeSync(&made, nats_.parts_->js, subjects_.c_str(), &options, &how, &error) != NATS_OK) return false;
    subscription_ = std::make_unique<Subscription>(SubscriptionPointer(made));
    return true;
}

// A consumer may be lost with its server without a word: whether there is more than it brings, the stream knows.
void NatsFeed::look_after() {
    if (steady_clock::now() - heard_ < silence) return;
    heard_ = steady_clock::now();
    std::uint64_t last = 0;
    if (nats_.last_number(stream_, last, ask_patience_ms) != Nats::Read::found || last == number_) return;
    if (last < number_) number_ = 0;  // it was made anew
    subscription_.reset();
}

std::optional<NatsFeed::Message> NatsFeed::next(std::int64_t patience_ms) {
    look_after();
    if (!subscription_ && !subscribe()) return std::nullopt;
    natsMsg* got = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&got, subscription_->pointer.get(), patience_ms);
    if (status == NATS_TIMEOUT) return std::nullopt;
    if (status != NATS_OK) {
        subscription_.reset();
        return std::nullopt;
    }
    const MessagePointer message(got);
    jsMsgMetaData* read = nullptr;
    if (natsMsg_GetMetaData(&read, got) != NATS_OK) return std::nullopt;
    const MetaPointer meta(read);
    const std::uint64_t number = meta->Sequence.Stream;
    heard_ = steady_clock::now();
    if (number <= number_) return std::nullopt;
    Message next{.number = number, .lost_from = number > number_ + 1 ? number_ + 1 : 0, .bytes = bytes_of(got)};
    number_ = number;
    return next;
}

}  // namespace tickrelay
