// A uniform grid over the positions of a room's entities. Plain arithmetic; no state but its sizes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "relay/core/world.h"

namespace tickrelay {

using Point = std::array<float, 3>;        // unused axes are 0
using Cell = std::array<std::int32_t, 3>;

// Some points of one cell.
struct Box {
    Point low{}, high{};
    static Box of(const Point& at) { return {at, at}; }
    void add(const Point& at) {
        for (std::size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], at[i]), high[i] = std::max(high[i], at[i]);
    }
};

class Grid {
  public:
    Grid() = default;
    // radius: how far players see, in the game's unit; 0: everywhere. cell: an edge; 0: three quarters of the radius, without one there is no grid.
    Grid(double radius, double cell)
        : radius_(radius), edge_(cell > 0 ? cell : radius > 0 ? radius * 3 / 4 : 1), slack_(edge_ / 8), lasting_radius_(radius * 1.1 + edge_ / 8),
          divides_(radius > 0 || cell > 0) {}

    [[nodiscard]] bool divides() const { return divides_; }
    [[nodiscard]] bool bounds() const { return radius_ > 0; }
    [[nodiscard]] double edge() const { return edge_; }

    [[nodiscard]] Cell cell_of(const Point& at) const {
        Cell cell;
        for (std::size_t i = 0; i < 3; ++i) cell[i] = index(at[i]);
        return cell;
    }
    // Whether what was in this cell still counts as there: a little way out it does, so that nothing flickers at a border.
    [[nodiscard]] bool still_in(const Cell& cell, const Point& at) const {
        for (std::size_t i = 0; i < 3; ++i) {
            const double low = cell[i] * edge_ - slack_;
            if (at[i] < low || at[i] > low + edge_ + 2 * slack_) return false;
        }
        return true;
    }
    // Between anything that counts as in the cell and the box.
    [[nodiscard]] double distance(const Cell& cell, const Box& from) const {
        double sum = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const double low = cell[i] * edge_ - slack_, high = low + edge_ + 2 * slack_;
            const double gap = std::max({low - from.high[i], from.low[i] - high, 0.0});
            sum += gap * gap;
        }
        return std::sqrt(sum);
    }
    // A cell comes into view within the radius and leaves it a little further out.
    [[nodiscard]] bool in_view(double distance, bool seen) const { return !bounds() || distance <= (seen ? lasting_radius_ : radius_); }
    // How many cells away one can be and in view.
    [[nodiscard]] std::int32_t reach() const { return static_cast<std::int32_t>(std::ceil((lasting_radius_ + slack_) / edge_)); }

  private:
    [[nodiscard]] std::int32_t index(double x) const {
        return static_cast<std::int32_t>(std::clamp(std::floor(x / edge_), -1e9, 1e9));
    }

    double radius_ = 0;
    double edge_ = 1;
    double slack_ = 0;
    double lasting_radius_ = 0;
    bool divides_ = false;
};

// Where entities are: the fields with the attribute `position` of a component, up to three.
class Positions {
  public:
    explicit Positions(const Layout& layout);
    // The components that have some.
    [[nodiscard]] const std::vector<ComponentIndex>& components() const { return components_; }
    // False: the entity has none.
    [[nodiscard]] bool find(const World& world, EntityId id, Point& at) const;

  private:
    std::vector<ComponentIndex> components_;
    std::vector<std::vector<std::uint16_t>> offsets_;  // by components_
};

}  // namespace tickrelay
