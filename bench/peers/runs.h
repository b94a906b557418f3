#pragma once
// The runs of a series' file, and what can be asked of them: medians over rounds.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace tickrelay::bench {

using Json = nlohmann::ordered_json;

struct RunChoice {
  std::string series;                                 // "matrix", "slow" or "capacity"
  std::string peer{};                                 // "": all
  std::uint32_t rooms = 0, players = 0, rate_hz = 0;  // 0: any
};

class Runs {
 public:
  // Throws std::runtime_error where the file cannot be read or a line is no JSON.
  static Runs read(const std::string& path);

  // Those that failed are left out.
  Runs chosen(const RunChoice& choice) const;
  // Those that nothing disturbed, or where there are none of these, all.
  Runs calm() const;

  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return runs_.size(); }
  const std::vector<Json>& all() const { return runs_; }

  // Of the figure at this JSON pointer in every run that has it; NaN where none has.
  double median(const std::string& pointer) const;
  double largest(const std::string& pointer) const;
  double smallest(const std::string& pointer) const;
  std::vector<double> figures(const std::string& pointer) const;
  // The median of the ratios of runs of the same round.
  double median_ratio(const std::string& pointer, const Runs& to) const;

 private:
  std::vector<Json> runs_;
};

double median_of(std::vector<double> values);

}  // namespace tickrelay::bench
