#include "bench/lossy/lossy_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t packets_max = 10'000;  // on their way, each way: a link's buffer

constexpr const char* congestion_file = "/proc/sys/net/ipv4/tcp_congestion_control";

[[noreturn]] void refuse(const std::string& what) { throw NoLink("cannot " + what + ": " + std::strerror(errno)); }

int own_namespace() { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

void set_address(ifreq& request, const char* address) {
  auto& to = reinterpret_cast<sockaddr_in&>(request.ifr_addr);
  to = {};
  to.sin_family = AF_INET;
  inet_pton(AF_INET, address, &to.sin_addr);
}

void bring_up(int control, const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &request) != 0) refuse(std::string("bring up ") + name);
}

int make_tun(const char* address) {
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) refuse("open /dev/net/tun");
  ifreq request{};
  std::strncpy(request.ifr_name, "lossy", IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(tun, TUNSETIFF, &request) != 0) refuse("make a TUN device");
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  set_address(request, address);
  if (ioctl(control, SIOCSIFADDR, &request) != 0) refuse("give a TUN device its address");
  set_address(request, "255.255.255.0");
  if (ioctl(control, SIOCSIFNETMASK, &request) != 0) refuse("give a TUN device its network");
  bring_up(control, "lossy");
  bring_up(control, "lo");
  close(control);
  return tun;
}

struct Packet {
  std::int64_t due_ns;
  std::vector<char> bytes;
};

}  // namespace

LossyLink::Side LossyLink::make_side(const char* address, const std::string& congestion) {
  if (unshare(CLONE_NEWNET) != 0) refuse("make a network namespace");
  if (!congestion.empty() && !(std::ofstream(congestion_file) << congestion << std::flush))
    refuse("set TCP's congestion control to " + congestion);
  return {own_namespace(), make_tun(address)};
}

LossyLink::LossyLink(const Options& options) : home_(own_namespace()), stop_(eventfd(0, EFD_CLOEXEC)) {
  try {
    near_ = make_side(near_address, options.congestion);
    far_ = make_side("10.77.0.2", options.congestion);
  } catch (...) {
    release();
    throw;
  }
  carrier_ = std::thread([this, options] { carry(options); });
}

LossyLink::~LossyLink() {
  eventfd_write(stop_, 1);
  carrier_.join();
  release();
}

void LossyLink::release() {
  setns(home_, CLONE_NEWNET);
  for (const int fd : {near_.tun, near_.netns, far_.tun, far_.netns, stop_, home_})
    if (fd >= 0) close(fd);
}

void LossyLink::enter(End end) {
  if (setns(end == End::near ? near_.netns : far_.netns, CLONE_NEWNET) != 0) refuse("enter a network namespace");
}

std::string LossyLink::congestion() {
  std::string name;
  std::ifstream(congestion_file) >> name;
  return name;
}

void LossyLink::carry(const Options& options) {
  std::mt19937_64 random(options.seed);
  std::bernoulli_distribution loses(options.loss);
  struct Way {
    int from, to;
    std::deque<Packet> packets;
  };
  std::array<Way, 2> ways{Way{near_.tun, far_.tun, {}}, Way{far_.tun, near_.tun, {}}};
  std::array<char, 65'536> bytes;
  for (;;) {
    std::int64_t next_ns = now_ns() + second_ns;
    for (const Way& way : ways)
      if (!way.packets.empty()) next_ns = std::min(next_ns, way.packets.front().due_ns);
    const std::int64_t wait_ns = std::max<std::int64_t>(next_ns - now_ns(), 0);
    const timespec wait{wait_ns / second_ns, wait_ns % second_ns};
    std::array<pollfd, 3> ready{{{near_.tun, POLLIN, 0}, {far_.tun, POLLIN, 0}, {stop_, POLLIN, 0}}};
    ppoll(ready.data(), ready.size(), &wait, nullptr);
    if (ready[2].revents != 0) return;
    for (Way& way : ways) {
      for (ssize_t count; (count = read(way.from, bytes.data(), bytes.size())) > 0;) {
        const bool lost = loses(random) || way.packets.size() >= packets_max;
        (lost ? lost_ : carried_).fetch_add(1);
        if (!lost) way.packets.push_back({now_ns() + options.delay_ns, {bytes.data(), bytes.data() + count}});
      }
      while (!way.packets.empty() && way.packets.front().due_ns <= now_ns()) {
        // A device that takes no more loses the packet, as devices do.
        if (write(way.to, way.packets.front().bytes.data(), way.packets.front().bytes.size()) < 0) lost_.fetch_add(1);
        way.packets.pop_front();
      }
    }
  }
}

}  // namespace tickrelay::bench
