#pragma once
// Series of runs. Within a round every peer has its turn in every configuration before the next round begins, so that
// what the machine does over minutes meets all of them; each round begins with another peer. A run that others on the
// machine disturbed is made again, twice at most. Every run is a line of JSON at the end of a file: a series can be broken
// off, and goes on where it is told to.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/peers/measure.h"

namespace tickrelay::bench {

struct Configuration {
  std::uint32_t rooms, players, rate_hz;
};
// 50 × 10 × 20 Hz, 100 × 10 × 30, 10 × 64 × 30, 1 × 200 × 20.
std::span<const Configuration> matrix_configurations();

struct SeriesOptions {
  std::vector<std::string> peers;
  PeerPlace place;
  std::uint32_t first_round = 1, rounds = 5;
  std::int64_t warmup_ns = 1'500'000'000, duration_ns = 3'000'000'000;
  std::string file;
};

using Say = std::function<void(const std::string& line)>;

// The four configurations.
void measure_matrix(const SeriesOptions& options, const Say& say);
// One in ten of 10 × 64 × 30 Hz reads slowly.
void measure_slow(const SeriesOptions& options, std::int64_t bytes_per_s, const Say& say);
// The most rooms of 10 at 30 Hz.
void measure_capacity(const SeriesOptions& options, std::uint32_t first_rooms, double precision, const Say& say);

}  // namespace tickrelay::bench
