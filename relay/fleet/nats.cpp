#include "relay/fleet/nats.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "relay/fleet/nats_parts.h"

namespace tickrelay {

using namespace nats_parts;

namespace {

constexpr auto wrong_last_sequence = static_cast<jsErrCode>(10071);
constexpr auto too_few_servers = static_cast<jsErrCode>(10074);  // replicas without a cluster
constexpr auto in_use_already = static_cast<jsErrCode>(10058);   // with other settings
constexpr std::int64_t reconnect_wait_ms = 50;
constexpr std::int64_t connect_patience_ms = 2'000;
constexpr std::int64_t setup_patience_ms = 5'000;
constexpr std::chrono::seconds start_patience{20};
constexpr std::chrono::milliseconds start_again{250};
constexpr std::int64_t ping_ms = 2'000;
constexpr std::uint32_t replicas_usual = 3;

std::string stream_of(const std::string& bucket) { return "KV_" + bucket; }
std::string subject_of(const std::string& bucket, const std::string& key) { return "$KV." + bucket + "." + key; }

std::string what(natsStatus status) { return natsStatus_GetText(status); }

bool is_gone(natsMsg* message) {
    const char* operation = nullptr;
    return natsMsgHeader_Get(message, "KV-Operation", &operation) == NATS_OK && operation != nullptr && *operation != '\0';
}

}  // namespace

Nats::Nats() : parts_(std::make_unique<Parts>()) {}
Nats::~Nats() { close(); }

std::optional<std::string> Nats::connect(const NatsSettings& settings) {
    Parts& p = *parts_;
    p.settings = settings;
    natsOptions* made = nullptr;
    if (natsOptions_Create(&made) != NATS_OK) return "no memory";
    const OptionsPointer options(made);
    std::vector<const char*> servers;
    for (const std::string& url : settings.servers) servers.push_back(url.c_str());
    natsStatus status = natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size()));
    if (status != NATS_OK) return "nats: " + what(status) + ": URLs are nats://HOST:PORT or tls://HOST:PORT";
    natsOptions_SetName(made, settings.name.c_str());
    natsOptions_SetSendAsap(made, true);
    natsOptions_UseGlobalMessageDelivery(made, true);  // one thread for all subscriptions: their call-backs only hand on
    natsOptions_SetMaxReconnect(made, -1);
    natsOptions_SetReconnectWait(made, reconnect_wait_ms);
    natsOptions_SetTimeout(made, connect_patience_ms);
    natsOptions_SetPingInterval(made, ping_ms);
    natsOptions_SetMaxPingsOut(made, 2);
    if (auto error = set_access(made, settings)) return error;
    const auto until = std::chrono::steady_clock::now() + start_patience;
    while ((status = natsConnection_Connect(&p.connection, made)) != NATS_OK && !is_refused(status) && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(start_again);
    if (status != NATS_OK) return not_connected(status, settings);
    jsOptions js = patient(setup_patience_ms);
    js.PublishAsync.MaxPending = 8'192;
    js.PublishAsync.AckHandler = Parts::acknowledged;
    js.PublishAsync.AckHandlerClosure = &p;
    if (natsConnection_JetStream(&p.js, p.connection, &js) != NATS_OK) return "nats: no JetStream context";
    p.replicas = settings.replicas != 0 ? settings.replicas : replicas_usual;
    return std::nullopt;
}

void Nats::close() {
    Parts& p = *parts_;
    for (const auto& [bucket, watch] : p.watches) watch->ends = true;
    for (const auto& [bucket, watch] : p.watches)
        if (watch->thread.joinable()) watch->thread.join();
    p.watches.clear();
    p.subscriptions.clear();
    if (p.connection != nullptr) natsConnection_Close(p.connection);
    if (p.js != nullptr) jsCtx_Destroy(p.js);
    if (p.connection != nullptr) natsConnection_Destroy(p.connection);
    p.js = nullptr;
    p.connection = nullptr;
}

std::size_t Nats::payload_max() const { return static_cast<std::size_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(parts_->connection), 0)); }

std::string Nats::local_address() const {
    char* ip = nullptr;
    int port = 0;
    if (natsConnection_GetLocalIPAndPort(parts_->connection, &ip, &port) != NATS_OK) return {};
    const std::unique_ptr<char, Destroy<free>> own(ip);
    return ip;
}

// ---------------------------------------------------------------------------------------------- buckets and streams

// As others made it is good, too: an operator may have chosen other limits.
std::optional<std::string> Nats::Parts::make_stream(jsStreamConfig& config) {
    const auto until = std::chrono::steady_clock::now() + start_patience;
    for (;;) {
        jsStreamInfo* made = nullptr;
        jsErrCode error{};
        jsOptions options = patient(setup_patience_ms);
        config.Replicas = replicas;
        natsStatus status = js_AddStream(&made, js, &config, &options, &error);
        const InfoPointer info(made);
        if (status == NATS_OK || error == in_use_already) return std::nullopt;
        if (error == too_few_servers && settings.replicas == 0 && replicas > 1) {
            replicas = 1;
            continue;
        }
        if (std::chrono::steady_clock::now() < until) {  // the servers may have been started with this process, and look for a leader
            std::this_thread::sleep_for(start_again);
            continue;
        }
        const char* said = nats_GetLastError(nullptr);
        return std::string("nats: ") + config.Name + " cannot be made: " + what(status) + (said == nullptr ? "" : std::string(": ") + said);
    }
}

std::optional<std::string> Nats::open_bucket(const std::string& bucket) {
    const std::string name = stream_of(bucket);
    const std::string subject = "$KV." + bucket + ".>";
    const char* subjects[] = {subject.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxMsgsPerSubject = 1;
    config.Discard = js_DiscardNew;
    config.AllowRollup = true;
    config.DenyDelete = true;
    config.AllowDirect = true;
    return parts_->make_stream(config);
}

std::optional<std::string> Nats::open_stream(const std::string& stream, const std::string& subject, bool newest_only, std::int64_t bytes_max,
                                             std::int64_t age_max_ns) {
    const char* subjects[] = {subject.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = stream.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    if (newest_only) config.MaxMsgsPerSubject = 1;
    if (bytes_max != 0) config.MaxBytes = bytes_max;
    if (age_max_ns != 0) config.MaxAge = age_max_ns;
    return parts_->make_stream(config);
}

Nats::Wrote Nats::Parts::write(const std::string& subject, const std::string* bytes, std::uint64_t expected, std::uint64_t& revision,
                               std::int64_t patience_ms) {
    natsMsg* made = nullptr;
    const int length = bytes == nullptr ? 0 : static_cast<int>(bytes->size());
    if (natsMsg_Create(&made, subject.c_str(), nullptr, bytes == nullptr ? nullptr : bytes->data(), length) != NATS_OK) return Wrote::failed;
    const MessagePointer message(made);
    if (bytes == nullptr) natsMsgHeader_Set(made, "KV-Operation", "DEL");
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = patience_ms;
    options.ExpectLastSubjectSeq = expected;
    options.ExpectNoMessage = expected == 0;
    jsPubAck* got = nullptr;
    jsErrCode error{};
    const natsStatus status = js_PublishMsg(&got, js, made, &options, &error);
    const AckPointer ack(got);
    if (status == NATS_OK) {
        revision = ack->Sequence;
        return Wrote::done;
    }
    return error == wrong_last_sequence ? Wrote::conflict : Wrote::failed;
}

Nats::Wrote Nats::put(const std::string& bucket, const std::string& key, const std::string& bytes, std::uint64_t expected, std::uint64_t& revision,
                      std::int64_t patience_ms) {
    return parts_->write(subject_of(bucket, key), &bytes, expected, revision, patience_ms);
}

Nats::Wrote Nats::remove(const std::string& bucket, const std::string& key, std::uint64_t expected, std::uint64_t& revision, std::int64_t patience_ms) {
    return parts_->write(subject_of(bucket, key), nullptr, expected, revision, patience_ms);
}

Nats::Read Nats::get(const std::string& bucket, const std::string& key, Value& value, std::int64_t patience_ms) {
    value = {.key = key, .bytes = {}, .revision = 0, .gone = false};
    natsMsg* got = nullptr;
    jsErrCode error{};
    jsOptions options = patient(patience_ms);
    const natsStatus status = js_GetLastMsg(&got, parts_->js, stream_of(bucket).c_str(), subject_of(bucket, key).c_str(), &options, &error);
    if (status == NATS_NOT_FOUND || error == no_message) return Read::none;
    if (status != NATS_OK) return Read::failed;
    const MessagePointer message(got);
    value.revision = natsMsg_GetSequence(got);
    value.gone = is_gone(got);
    value.bytes = bytes_of(got);
    return value.gone ? Read::none : Read::found;
}

Nats::Read Nats::last_revision(const std::string& bucket, std::uint64_t& revision, std::int64_t patience_ms) {
    return last_number(stream_of(bucket), revision, patience_ms);
}

// ---------------------------------------------------------------------------------------------- watches

void Nats::watch(const std::string& bucket, std::function<void(Value)> changed, std::function<void()> listed) {
    std::unique_ptr<Parts::Watch>& watch = parts_->watches[bucket];
    if (watch) {
        watch->ends = true;
        watch->thread.join();
    }
    watch = std::make_unique<Parts::Watch>();
    Parts::Watch& runs = *watch;
    watch->thread = std::thread([this, &runs, bucket, changed = std::move(changed), listed = std::move(listed)] {
        parts_->run_watch(runs, bucket, changed, listed);
    });
}

void Nats::Parts::run_watch(Watch& watch, const std::string& bucket, const std::function<void(Value)>& changed, const std::function<void()>& listed) {
    constexpr std::int64_t look_ms = 100;
    kvStore* store = nullptr;
    kvWatcher* watcher = nullptr;
    while (!watch.ends && (js_KeyValue(&store, js, bucket.c_str()) != NATS_OK || kvStore_WatchAll(&watcher, store, nullptr) != NATS_OK)) {
        if (store != nullptr) kvStore_Destroy(store);
        store = nullptr;
        std::this_thread::sleep_for(std::chrono::milliseconds(look_ms));
    }
    while (!watch.ends) {
        kvEntry* entry = nullptr;
        const natsStatus status = kvWatcher_Next(&entry, watcher, look_ms);
        if (status == NATS_TIMEOUT) continue;
        if (status != NATS_OK) {  // it has ended; its owner sees that nothing comes, and asks for another
            std::this_thread::sleep_for(std::chrono::milliseconds(look_ms));
            continue;
        }
        if (entry == nullptr) {
            listed();
            continue;
        }
        Value value{.key = kvEntry_Key(entry), .bytes = {}, .revision = kvEntry_Revision(entry), .gone = kvEntry_Operation(entry) != kvOp_Put};
        if (!value.gone) value.bytes.assign(static_cast<const char*>(kvEntry_Value(entry)), static_cast<std::size_t>(kvEntry_ValueLen(entry)));
        kvEntry_Destroy(entry);
        changed(std::move(value));
    }
    if (watcher != nullptr) {
        kvWatcher_Stop(watcher);
        kvWatcher_Destroy(watcher);
    }
    if (store != nullptr) kvStore_Destroy(store);
}

// ---------------------------------------------------------------------------------------------- between nodes

std::optional<std::string> Nats::ask(const std::string& subject, const std::string& bytes, std::int64_t patience_ms, bool& nobody) {
    natsMsg* got = nullptr;
    const natsStatus status =
        natsConnection_Request(&got, parts_->connection, subject.c_str(), bytes.data(), static_cast<int>(bytes.size()), patience_ms);
    nobody = status == NATS_NO_RESPONDERS;
    if (status != NATS_OK) return std::nullopt;
    const MessagePointer message(got);
    return bytes_of(got);
}

void Nats::Parts::asked(natsConnection* connection, natsSubscription*, natsMsg* message, void* closure) {
    const MessagePointer own(message);
    const char* reply = natsMsg_GetReply(message);
    const auto& serve = *static_cast<std::function<void(std::string, Answer)>*>(closure);
    serve(bytes_of(message), [connection, to = std::string(reply == nullptr ? "" : reply)](const std::string& bytes) {
        if (!to.empty()) natsConnection_Publish(connection, to.c_str(), bytes.data(), static_cast<int>(bytes.size()));
    });
}

bool Nats::send(const std::string& subject, std::string_view bytes) {
    return natsConnection_Publish(parts_->connection, subject.c_str(), bytes.data(), static_cast<int>(bytes.size())) == NATS_OK;
}

void Nats::Parts::heard(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    const MessagePointer own(message);
    try {
        (*static_cast<Heard*>(closure))({natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
    } catch (const std::bad_alloc&) {  // it counts as lost on the way; libnats takes no exceptions
    }
}

std::shared_ptr<void> Nats::listen(const std::string& subject, std::function<void(std::string_view bytes)> heard) {
    auto closure = std::make_unique<Parts::Heard>(std::move(heard));
    natsSubscription* made = nullptr;
    if (natsConnection_Subscribe(&made, parts_->connection, subject.c_str(), Parts::heard, closure.get()) != NATS_OK) return nullptr;
    SubscriptionPointer subscription(made);
    // Its last call-back may be under way when it is given up.
    const auto forget = [](void* of) { delete static_cast<Parts::Heard*>(of); };
    if (natsSubscription_SetOnCompleteCB(made, forget, closure.get()) != NATS_OK) return nullptr;
    closure.release();
    return {subscription.release(), [](void* ends) {
                natsSubscription_Unsubscribe(static_cast<natsSubscription*>(ends));
                natsSubscription_Destroy(static_cast<natsSubscription*>(ends));
            }};
}

std::optional<std::string> Nats::serve(const std::string& subject, std::function<void(std::string bytes, Answer answer)> asked) {
    parts_->servers.push_back(std::make_unique<std::function<void(std::string, Answer)>>(std::move(asked)));
    natsSubscription* made = nullptr;
    const natsStatus status = natsConnection_Subscribe(&made, parts_->connection, subject.c_str(), Parts::asked, parts_->servers.back().get());
    if (status != NATS_OK) return "nats: cannot listen to " + subject + ": " + what(status);
    parts_->subscriptions.emplace_back(made);
    return std::nullopt;
}

}  // namespace tickrelay
