// The structs of arena_newer.fbs, as a program built with it knows them. By hand: flatc's have the names of the older ones,
// and a program cannot have two types of one name.
#pragma once

#include <cstdint>

namespace tickrelay::test::newer {

struct Quat {
    float x = 0, y = 0, z = 0, w = 1;
    friend bool operator==(const Quat&, const Quat&) = default;
};

struct Transform {
    static constexpr const char* GetFullyQualifiedName() { return "arena.Transform"; }
    float x = 0, y = 0, z = 0, yaw = 0;
    Quat turn{};
    float spin = 0;
};
static_assert(sizeof(Transform) == 36);

struct Armour {
    static constexpr const char* GetFullyQualifiedName() { return "arena.Armour"; }
    std::uint8_t points = 0;
};

struct Health {
    static constexpr const char* GetFullyQualifiedName() { return "arena.Health"; }
    std::uint8_t points = 0, shield = 0;
    bool burning = false;
    std::uint8_t mood = 0;
};
static_assert(sizeof(Health) == 4);

struct Rank {
    static constexpr const char* GetFullyQualifiedName() { return "arena.Rank"; }
    std::int32_t level = 0;
    Quat turn{};
};
static_assert(sizeof(Rank) == 20);

}  // namespace tickrelay::test::newer
