#include "relay/run/waker.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "relay/core/check.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

}  // namespace

Waker::Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(fd_ >= 0); }

Waker::~Waker() { ::close(fd_); }

void Waker::wake() {
    if (state_.exchange(woken) == asleep) eventfd_write(fd_, 1);
}

bool Waker::begin_sleep() {
    int expected = running;
    return state_.compare_exchange_strong(expected, asleep);
}

void Waker::end_sleep() { state_.exchange(running); }

void Waker::sleep_until(std::int64_t until_ns) {
    const std::int64_t wait_ns = std::max<std::int64_t>(until_ns - monotonic_ns(), 0);
    const timespec wait{wait_ns / second_ns, wait_ns % second_ns};
    pollfd readable{fd_, POLLIN, 0};
    if (ppoll(&readable, 1, &wait, nullptr) > 0) drain();
}

// Read whenever it is readable, not only after a wake: a waker may write after the sleeper has ended for another
// reason.
void Waker::drain() {
    eventfd_t count = 0;
    eventfd_read(fd_, &count);
}

}  // namespace tickrelay
