#pragma once
// What was measured, as a page for people: medians over rounds, tables, plots.

#include <string>

namespace tickrelay::bench {

struct ResultsOptions {
  std::string file;      // of a series: a line of JSON for each run
  std::string markdown;  // RESULTS.md
  std::string pictures;  // folder for peers-*.svg
};

// Throws std::runtime_error where a file cannot be read or written.
void write_results(const ResultsOptions& options);

}  // namespace tickrelay::bench
