#pragma once
// Charts as SVG text: no script, no font, nothing from elsewhere; light or dark as the reader's page is. Pure functions.

#include <string>
#include <utility>
#include <vector>

namespace tickrelay::bench {

// Horizontal bars, a group of them for each name in `groups`. A value below 0 is one that there is not.
struct BarChart {
  struct Series {
    std::string name;
    std::vector<double> values;  // by group
  };
  std::string title, unit;
  std::vector<std::string> groups;
  std::vector<Series> series;
};
std::string svg(const BarChart& chart);

struct LineChart {
  struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  // by x, ascending
    bool dots = false;                              // instead of a line
  };
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool log_x = false;  // REQUIRES: x above 0
};
std::string svg(const LineChart& chart);

// For text and attributes of HTML and SVG.
std::string escaped(const std::string& text);

}  // namespace tickrelay::bench
