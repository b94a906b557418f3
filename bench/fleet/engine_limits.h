#pragma once
// What JetStream takes of what a fleet writes, measured on real servers: the figures that a simulated fleet is held against.

#include <string>

namespace tickrelay::bench {

struct EngineLimits {
  double put_p50_us = 0, put_p99_us = 0;  // of a bucket's key by compare-and-set, one after another
  double puts_per_s = 0;                  // from sixteen threads
  double checkpoints_per_s = 0;           // messages of `checkpoint_bytes`, in batches, newest of each subject kept
  double checkpoint_bytes = 0;
};

// servers: URLs, comma-separated; a bucket and a stream named tickrelay_bench* are made there. Throws std::runtime_error.
EngineLimits measure_engine(const std::string& servers, double checkpoint_bytes, double seconds);

}  // namespace tickrelay::bench
