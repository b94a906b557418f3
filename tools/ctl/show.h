// Text for people: aligned tables, short numbers; nothing from the relay may steer the terminal. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay::ctl {

// Control characters replaced.
std::string printable(std::string_view text);
// A member of an object as a cell: text as it is, numbers short, objects as JSON, "" where missing.
std::string cell(const nlohmann::json& object, const char* member);

std::string bytes_text(double bytes);       // "1.5 MB"
std::string duration_text(double seconds);  // "2 h 3 min"
std::string bar(double share, int width);   // 0 to 1

class Table {
  public:
    // Columns whose title begins with '>' are aligned to the right.
    explicit Table(std::vector<std::string> titles);
    void add(std::vector<std::string> cells);
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<bool> right_;
};

}  // namespace tickrelay::ctl
