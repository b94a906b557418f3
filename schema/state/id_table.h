// Entity id → row, open addressing. No allocation while the number of rows stays below what it has been.
// One owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tickrelay {

class IdTable {
 public:
  using EntityId = std::uint32_t;
  using Row = std::uint32_t;
  static constexpr Row none = ~Row{0};

  IdTable() : slots_(16, Slot{0, none}) {}

  void clear() {
    slots_.assign(slots_.size(), Slot{0, none});
    size_ = 0;
  }

  [[nodiscard]] Row find(EntityId id) const {
    for (std::size_t i = home(id);; i = next(i)) {
      if (slots_[i].row == none) return none;
      if (slots_[i].id == id) return slots_[i].row;
    }
  }

  // Inserts or moves.
  void put(EntityId id, Row row) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    for (std::size_t i = home(id);; i = next(i)) {
      if (slots_[i].row == none) {
        slots_[i] = Slot{id, row};
        ++size_;
        return;
      }
      if (slots_[i].id == id) {
        slots_[i].row = row;
        return;
      }
    }
  }

  // Where it is there. Shifts back what follows, so that no tombstones pile up.
  void erase(EntityId id) {
    std::size_t hole = home(id);
    while (slots_[hole].row == none || slots_[hole].id != id) {
      if (slots_[hole].row == none) return;
      hole = next(hole);
    }
    for (std::size_t i = next(hole); slots_[i].row != none; i = next(i)) {
      const std::size_t wanted = home(slots_[i].id);
      if (((i - wanted) & mask()) >= ((i - hole) & mask())) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole].row = none;
    --size_;
  }

 private:
  struct Slot {
    EntityId id;
    Row row;
  };

  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  [[nodiscard]] std::size_t home(EntityId id) const { return (id * 0x9E3779B1U >> 7) & mask(); }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & mask(); }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2, Slot{0, none});
    old.swap(slots_);
    size_ = 0;
    for (const Slot& slot : old)
      if (slot.row != none) put(slot.id, slot.row);
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace tickrelay
