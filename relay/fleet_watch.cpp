#include "relay/fleet_watch.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "relay/fleet/entries.h"

namespace tickrelay {

namespace {

constexpr std::size_t waiting_bytes_max = 32 * 1024 * 1024;
constexpr std::size_t payload_usual = 1024 * 1024;
constexpr std::size_t parts_max = 1'024;
constexpr std::string_view whole_wish = "\nwhole";

// Before each part: the sender's number of its publication, which part it is, and of how many; then its name's length, and its name.
struct PartHead {
    std::uint64_t number = 0;
    std::uint32_t part = 0;
    std::uint32_t parts = 0;
    std::uint32_t name_bytes = 0;
};

// Parts of one sender come in order; where one is missing all of its publication is.
class Parts {
  public:
    Parts(std::string from, FleetWatch::Heard heard) : from_(std::move(from)), heard_(std::move(heard)) {}

    void take(std::string_view message) {
        PartHead head;
        if (message.size() < sizeof head) return;
        std::memcpy(&head, message.data(), sizeof head);
        message.remove_prefix(sizeof head);
        if (head.name_bytes > message.size() || message.substr(0, head.name_bytes) != from_) return;  // an owner before
        message.remove_prefix(head.name_bytes);
        if (head.parts == 0 || head.parts > parts_max || head.part >= head.parts) return;
        if (head.part == 0) {
            bytes_.clear();
        } else if (head.number != number_ || head.part != next_) {
            return;
        }
        number_ = head.number;
        next_ = head.part + 1;
        const auto bytes = std::as_bytes(std::span(message.data(), message.size()));
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        if (next_ == head.parts) heard_(bytes_);
    }

  private:
    std::string from_;
    FleetWatch::Heard heard_;
    std::uint64_t number_ = 0;
    std::uint32_t next_ = 0;
    std::vector<std::byte> bytes_;
};

}  // namespace

std::optional<std::string> FleetWatch::start(std::function<void(const std::string& room_id, bool whole)> asked) {
    sender_.start(std::chrono::seconds(60), {});
    asked_ = nats_.listen(node_.prefix() + ".node." + key_of(node_.name()) + ".watch", [asked = std::move(asked)](std::string_view line) {
        const bool whole = line.ends_with(whole_wish);
        if (whole) line.remove_suffix(whole_wish.size());
        asked(std::string(line), whole);
    });
    return asked_ ? std::nullopt : std::optional<std::string>("nats: cannot listen for those who watch rooms");
}

void FleetWatch::stop() {
    asked_.reset();
    sender_.stop();
}

std::string FleetWatch::url_of_another() {
    return node_.ask([](Directory& directory, std::int64_t now_ns) {
        const std::string best = directory.best(now_ns, directory.self());
        const Directory::Node* node = best.empty() ? nullptr : directory.node(best);
        return node == nullptr ? std::string() : node->entry.url;
    });
}

void FleetWatch::ask(const std::string& node, const std::string& room_id, bool whole) {
    nats_.send(node_.prefix() + ".node." + key_of(node) + ".watch", whole ? room_id + std::string(whole_wish) : room_id);
}

std::shared_ptr<void> FleetWatch::listen(const std::string& node, const std::string& room_id, Heard heard) {
    const auto parts = std::make_shared<Parts>(node, std::move(heard));
    return nats_.listen(node_.prefix() + ".watch." + key_of(room_id), [parts](std::string_view message) { parts->take(message); });
}

void FleetWatch::publish(const std::string& room_id, std::span<const std::byte> publication) {
    if (waiting_bytes_ + publication.size() > waiting_bytes_max) return;
    std::vector<std::byte> copy(publication.begin(), publication.end());
    waiting_bytes_ += copy.size();
    sender_.give([this, room_id, bytes = std::move(copy)] {
        try {
            send(room_id, bytes);
        } catch (const std::bad_alloc&) {  // as if it was lost on the way
        }
        waiting_bytes_ -= bytes.size();
    });
}

void FleetWatch::send(const std::string& room_id, const std::vector<std::byte>& publication) {
    const std::string& name = node_.name();
    const std::size_t payload = nats_.payload_max() == 0 ? payload_usual : nats_.payload_max();
    const std::size_t most = std::max<std::size_t>(payload, 2 * (sizeof(PartHead) + name.size())) - sizeof(PartHead) - name.size();
    PartHead head{.number = ++sent_, .part = 0, .parts = static_cast<std::uint32_t>((publication.size() + most - 1) / most), .name_bytes = static_cast<std::uint32_t>(name.size())};
    if (head.parts > parts_max) return;
    const std::string subject = node_.prefix() + ".watch." + key_of(room_id);
    std::string message;
    for (; head.part < head.parts; ++head.part) {
        const std::size_t first = head.part * most;
        message.assign(reinterpret_cast<const char*>(&head), sizeof head);
        message.append(name);
        message.append(reinterpret_cast<const char*>(publication.data()) + first, std::min(most, publication.size() - first));
        if (!nats_.send(subject, message)) return;
    }
}

}  // namespace tickrelay
