#pragma once
// A link that delays and loses packets, between two network namespaces made for it: a TUN device in each, and a thread
// that carries what one sends to the other. Nothing outside sees it, and it is gone with this object and what runs in it.

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

namespace tickrelay::bench {

// Namespaces cannot be made here; what() says why.
struct NoLink : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class LossyLink {
 public:
  struct Options {
    std::int64_t delay_ns = 20'000'000;  // one way
    double loss = 0.01;                  // of packets, each way, independently
    std::uint64_t seed = 1;
    std::string congestion{};  // TCP's control, at both ends; empty: the system's
  };
  enum class End { near, far };
  static constexpr const char* near_address = "10.77.0.1";

  // Throws NoLink. Needs the capabilities of root.
  explicit LossyLink(const Options& options);
  ~LossyLink();  // REQUIRES: the calling thread is the one that made it. It is back where it was
  LossyLink(const LossyLink&) = delete;
  LossyLink& operator=(const LossyLink&) = delete;

  // Sockets that this thread opens, and processes that it starts, are at that end from here on.
  void enter(End end);

  struct Counts {
    std::uint64_t carried = 0, lost = 0;
  };
  Counts counts() const { return {carried_.load(), lost_.load()}; }
  static std::string congestion();  // of the namespace that the calling thread is in

 private:
  struct Side {
    int netns = -1, tun = -1;
  };
  static Side make_side(const char* address, const std::string& congestion);
  void release();
  void carry(const Options& options);

  int home_ = -1;  // the namespace that the thread came from
  Side near_, far_;
  int stop_ = -1;
  std::atomic<std::uint64_t> carried_{0}, lost_{0};
  std::thread carrier_;
};

}  // namespace tickrelay::bench
