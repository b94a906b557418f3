// What the fleet needs of NATS: buckets of keys with compare-and-set and watches, streams, questions and answers between nodes.
// The only user of libnats. Any thread; calls block for at most their patience, and fail at once while no server is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay {

struct NatsSettings {
    std::vector<std::string> servers;
    std::string name;         // of this connection, for the servers' logs
    std::string credentials;  // path of a file, see nats_access.cpp; empty: those of the URLs, or none
    std::string ca_file;      // of servers with tls:// URLs; empty: the system's
    std::string cert_file;    // what this client shows: certificate and key; empty: none
    std::uint32_t replicas = 0;  // of buckets and streams; 0: 3 in a cluster, else 1
};

class Nats {
  public:
    enum class Wrote : std::uint8_t {
        done,
        conflict,  // another revision is there
        failed     // not, or not known to be: no server, no leader, no answer in time
    };
    enum class Read : std::uint8_t { found, none, failed };

    struct Value {
        std::string key;
        std::string bytes;
        std::uint64_t revision = 0;
        bool gone = false;  // deleted
    };
    struct Message {
        std::string subject;
        std::string bytes;
        std::string id;  // not empty: a repeated one of the last minutes is dropped
    };
    using Answer = std::function<void(std::string)>;

    Nats();
    ~Nats();  // closes
    Nats(const Nats&) = delete;
    Nats& operator=(const Nats&) = delete;

    // Waits for a first connection, then it reconnects by itself for as long as it lives. An error text, or nothing.
    std::optional<std::string> connect(const NatsSettings& settings);
    void close();  // ends watches and subscriptions; no call-back runs any more when it returns

    // ---- buckets and streams; made where they are missing. An error text, or nothing.
    std::optional<std::string> open_bucket(const std::string& bucket);
    // subject: with its wildcard. newest_only: one message of each subject. bytes_max, age_max_ns: 0: no limit.
    std::optional<std::string> open_stream(const std::string& stream, const std::string& subject, bool newest_only, std::int64_t bytes_max, std::int64_t age_max_ns);

    // expected: the revision that it replaces, 0: the key was never there; one that was deleted has the revision of its mark, see get().
    // revision: of what was written.
    Wrote put(const std::string& bucket, const std::string& key, const std::string& bytes, std::uint64_t expected, std::uint64_t& revision,
              std::int64_t patience_ms);
    Wrote remove(const std::string& bucket, const std::string& key, std::uint64_t expected, std::uint64_t& revision, std::int64_t patience_ms);
    // From the leader: as of the last write that anyone was told of.
    Read get(const std::string& bucket, const std::string& key, Value& value, std::int64_t patience_ms);
    // The last revision that any key of the bucket got.
    Read last_revision(const std::string& bucket, std::uint64_t& revision, std::int64_t patience_ms);
    // Each key's newest value, then, after `listed`, every change. On a thread of its own; a second watch of a bucket replaces the first.
    void watch(const std::string& bucket, std::function<void(Value)> changed, std::function<void()> listed);

    // All at once; which of them the stream has.
    std::vector<bool> publish(std::span<const Message> messages, std::int64_t patience_ms);
    Read last(const std::string& stream, const std::string& subject, std::string& bytes, std::int64_t patience_ms);
    // The number of the stream's last message; 0: it never had one.
    Read last_number(const std::string& stream, std::uint64_t& number, std::int64_t patience_ms);
    bool purge(const std::string& stream, const std::string& subjects, std::int64_t patience_ms);

    // ---- between nodes; nothing is kept, at most once
    // nobody: there is no one to be asked, and so nothing was done. Else no answer came in time.
    std::optional<std::string> ask(const std::string& subject, const std::string& bytes, std::int64_t patience_ms, bool& nobody);
    // `asked` must only hand on; `answer` may be called from anywhere, once, until close().
    std::optional<std::string> serve(const std::string& subject, std::function<void(std::string bytes, Answer answer)> asked);

    // To whoever listens now. False: not even handed to the servers.
    bool send(const std::string& subject, std::string_view bytes);
    // `heard` gets what is sent there, as long as the pointer lives and once after it; it must only hand on.
    std::shared_ptr<void> listen(const std::string& subject, std::function<void(std::string_view bytes)> heard);

    // What a message may have at most, as the servers say.
    [[nodiscard]] std::size_t payload_max() const;
    // By which this machine reaches the servers: other nodes reach it by that, too, mostly.
    [[nodiscard]] std::string local_address() const;

  private:
    friend class NatsFeed;
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tickrelay
