#include "tests/e2e/play/wire_player.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "schema/protocol_generated.h"

namespace tickrelay::test {
namespace {

constexpr std::int64_t acknowledge_within_us = 80'000;

std::string finished(flatbuffers::FlatBufferBuilder& builder, wire::Body kind, flatbuffers::Offset<void> body) {
    builder.Finish(wire::CreateMessage(builder, kind, body), "TRM1");
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace

std::int64_t now_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

bool WirePlayer::upgrade() { return upgraded_ = socket_.upgrade(); }

bool WirePlayer::ask(const std::string& room_id, const std::string& player_id) {
    if (!upgraded_ && !upgrade()) return false;
    flatbuffers::FlatBufferBuilder builder;
    const auto join = wire::CreateJoinDirect(builder, 1, wire::JoinMode::ById, room_id.c_str(), nullptr, player_id.c_str());
    return socket_.send(binary, finished(builder, wire::Body::Join, join.Union()));
}

bool WirePlayer::join(const std::string& room_id, const std::string& player_id) {
    if (!ask(room_id, player_id)) return false;
    const std::int64_t until_us = now_us() + 20'000'000;
    while (!welcomed() && now_us() < until_us)
        if (!step(64 * 1024, [](const Arrival&) {})) return false;
    return welcomed();
}

bool WirePlayer::step(std::size_t bytes_max, const std::function<void(const Arrival&)>& arrived) {
    if (bytes_max > 0) {
        const std::size_t had = buffer_.size();
        buffer_.resize(had + bytes_max);
        const ssize_t got = recv(socket_.fd(), buffer_.data() + had, bytes_max, MSG_DONTWAIT);
        buffer_.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
        if (got > 0 && !take_messages(arrived)) return false;
    }
    if (tick_ > acknowledged_ && (at_once_ || now_us() - oldest_us_ > acknowledge_within_us)) acknowledge();
    return true;
}

bool WirePlayer::take_messages(const std::function<void(const Arrival&)>& arrived) {
    for (;;) {
        if (buffer_.size() < 4) return true;
        const auto byte = [this](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(buffer_[i])); };
        std::uint64_t length = byte(1) & 0x7F;
        std::size_t head = 2;
        if (length == 126) {
            length = byte(2) << 8 | byte(3);
            head = 4;
        } else if (length == 127) {
            if (buffer_.size() < 10) return true;
            length = 0;
            for (std::size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
            head = 10;
        }
        if (buffer_.size() < head + length) return true;
        const std::string message = buffer_.substr(head, length);
        if ((byte(0) & 0x0F) == closing) {
            const Frame frame{true, closing, message};
            close_code_ = frame.close_code();
            close_text_ = frame.close_text();
            return false;
        }
        buffer_.erase(0, head + length);
        if (heard_) heard_(message);
        if (message.size() >= 8) take(message, arrived);
    }
}

void WirePlayer::take(std::string_view bytes, const std::function<void(const Arrival&)>& arrived) {
    const std::vector<std::uint64_t> aligned = [&] {
        std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
        std::memcpy(words.data(), bytes.data(), bytes.size());
        return words;
    }();
    if (flatbuffers::BufferHasIdentifier(aligned.data(), "TRF1")) {
        const auto* frame = flatbuffers::GetRoot<wire::StateFrame>(aligned.data());
        const wire::FrameHead& at = *frame->head();
        const std::uint32_t base = at.span() == 0 ? 0 : at.tick() - at.span();
        if (base > tick_ || at.tick() <= tick_) return;
        tick_ = at.tick();
        if (frame->events()) event_ = std::max(event_, frame->event_first() + frame->events()->size() - 1);
        at_once_ = at_once_ || at.kind() != wire::FrameKind::Stream;
        const std::int64_t now = now_us();
        if (oldest_us_ == 0) oldest_us_ = now;
        const std::int64_t due_us = static_cast<std::int64_t>(tick_zero_us_) + std::int64_t{tick_} * 1'000'000 / rate_hz_;
        arrived({tick_, base, at.kind() == wire::FrameKind::Stream, bytes.size(), static_cast<double>(now - due_us) / 1e6});
        return;
    }
    const auto* message = wire::GetMessage(aligned.data());
    if (const auto* welcome = message->body_as_Welcome()) {
        rate_hz_ = welcome->tick_rate();
        tick_zero_us_ = welcome->tick_zero_us();
        event_ = welcome->event();
        direct_ = welcome->direct();
    } else if (const auto* yours = message->body_as_Yours()) {
        event_ = std::max(event_, yours->event());
        if (yours->direct()) direct_ = std::max(direct_, yours->direct_first() + yours->direct()->size() - 1);
    }
}

void WirePlayer::acknowledge() {
    flatbuffers::FlatBufferBuilder builder;
    const wire::Ack ack(tick_, event_, direct_);
    const auto update = wire::CreateUpdateDirect(builder, &ack);
    acknowledged_ = tick_;
    at_once_ = false;
    oldest_us_ = 0;
    (void)socket_.send(binary, finished(builder, wire::Body::Update, update.Union()));
}

}  // namespace tickrelay::test
