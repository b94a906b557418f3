// A player without the SDK: it reads frames only as far as their heads and says when they came. Owner: one test thread.
// It acknowledges as PROTOCOL.md asks, and reads no faster than it is told to.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {

struct Arrival {
    std::uint32_t tick = 0;
    std::uint32_t base = 0;
    bool stream = false;
    std::size_t bytes = 0;
    double age_s = 0;  // since the tick was due
};

class WirePlayer {
  public:
    // receive_buffer_bytes 0: the system's.
    explicit WirePlayer(std::uint16_t port, int receive_buffer_bytes = 0) : socket_(port, "127.0.0.1", receive_buffer_bytes) {}

    bool upgrade();  // ask() does where it was not done
    bool join(const std::string& room_id, const std::string& player_id);  // waits for Welcome
    bool ask(const std::string& room_id, const std::string& player_id);   // does not wait

    // Reads what is there, at most so many bytes, and acknowledges in time. False: the connection has ended.
    bool step(std::size_t bytes_max, const std::function<void(const Arrival&)>& arrived);

    void on_message(std::function<void(std::string_view)> call) { heard_ = std::move(call); }  // each message, as it came

    [[nodiscard]] bool welcomed() const { return rate_hz_ != 0; }
    [[nodiscard]] int close_code() const { return close_code_; }  // 0: none yet
    [[nodiscard]] const std::string& close_text() const { return close_text_; }
    [[nodiscard]] std::uint32_t rate_hz() const { return rate_hz_; }
    [[nodiscard]] int fd() const { return socket_.fd(); }

  private:
    bool take_messages(const std::function<void(const Arrival&)>& arrived);
    void take(std::string_view message, const std::function<void(const Arrival&)>& arrived);
    void acknowledge();

    RawClient socket_;
    std::function<void(std::string_view)> heard_;
    bool upgraded_ = false;
    std::string buffer_;
    std::uint32_t rate_hz_ = 0;
    std::uint64_t tick_zero_us_ = 0;
    std::uint32_t tick_ = 0;
    std::uint32_t event_ = 0;
    std::uint32_t direct_ = 0;
    std::uint32_t acknowledged_ = 0;
    bool at_once_ = false;
    std::int64_t oldest_us_ = 0;  // since when something waits to be acknowledged
    int close_code_ = 0;
    std::string close_text_;
};

std::int64_t now_us();  // the relay's clock: same machine

}  // namespace tickrelay::test
