#pragma once
// The network interface that the server is reached by, and how much of it is used: where the receiving side's bandwidth
// is the limit, figures say nothing about the server.

#include <cstdint>
#include <string>

#include "bench/net/endpoint.h"

namespace tickrelay::bench {

struct LinkUse {
  std::string interface {};
  double speed_bits_per_s = 0;  // 0: it tells none, as loopback
  double received_bits_per_s = 0;
};

class Link {
 public:
  explicit Link(const Endpoint& endpoint);

  void begin(std::int64_t now_ns);
  // Since begin().
  LinkUse end(std::int64_t now_ns) const;

 private:
  std::int64_t received_bytes() const;

  std::string interface_;
  std::int64_t begin_ns_ = 0, begin_bytes_ = 0;
};

}  // namespace tickrelay::bench
