// What nats.cpp, nats_streams.cpp and nats_feed.cpp share of libnats. For those and nats_access.cpp alone.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "relay/fleet/nats.h"

namespace tickrelay::nats_parts {

inline constexpr auto no_message = static_cast<jsErrCode>(10037);

template <auto destroy>
struct Destroy {
    template <typename T>
    void operator()(T* object) const {
        destroy(object);
    }
};
using MessagePointer = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;
using AckPointer = std::unique_ptr<jsPubAck, Destroy<jsPubAck_Destroy>>;
using OptionsPointer = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using InfoPointer = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo_Destroy>>;
using SubscriptionPointer = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;

inline std::string bytes_of(natsMsg* message) { return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))}; }

inline jsOptions patient(std::int64_t ms) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = ms;
    return options;
}

// nats_access.cpp: who this client is, and who the servers must be. An error text, or nothing.
std::optional<std::string> set_access(natsOptions* options, const NatsSettings& settings);
// A server that is there does not want this client, or is not who it should be: trying again does not help.
bool is_refused(natsStatus status);
std::string not_connected(natsStatus status, const NatsSettings& settings);

}  // namespace tickrelay::nats_parts

namespace tickrelay {

struct Nats::Parts {
    // Messages that were published together, and what became of them.
    struct Batch {
        std::mutex mutex;
        std::condition_variable moved;
        std::vector<bool> stored;
        std::size_t pending = 0;
    };

    struct Watch {
        std::thread thread;
        std::atomic<bool> ends{false};
    };

    NatsSettings settings;
    natsConnection* connection = nullptr;
    jsCtx* js = nullptr;
    std::atomic<std::uint32_t> replicas{1};

    std::mutex mutex;
    std::map<const natsMsg*, std::pair<std::shared_ptr<Batch>, std::size_t>> flying;
    std::map<std::string, std::unique_ptr<Watch>> watches;
    std::vector<nats_parts::SubscriptionPointer> subscriptions;
    std::vector<std::unique_ptr<std::function<void(std::string, Answer)>>> servers;

    static void acknowledged(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr*, void* closure);
    using Heard = std::function<void(std::string_view)>;
    static void heard(natsConnection*, natsSubscription*, natsMsg* message, void* closure);
    static void asked(natsConnection* connection, natsSubscription*, natsMsg* message, void* closure);
    void run_watch(Watch& watch, const std::string& bucket, const std::function<void(Value)>& changed, const std::function<void()>& listed);
    Wrote write(const std::string& subject, const std::string* bytes, std::uint64_t expected, std::uint64_t& revision, std::int64_t patience_ms);
    std::optional<std::string> make_stream(jsStreamConfig& config);
};

}  // namespace tickrelay
