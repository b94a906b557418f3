// What tickrelayctl does: one function a verb, each returns the program's exit code or throws Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relay/core/conditions.h"
#include "relay/door/room_keys.h"
#include "tools/ctl/call.h"

namespace tickrelay::ctl {

struct Common {
    std::string admin;  // empty: look for it
    bool json = false;  // the relay's own words instead of tables
    Proof proof = {};   // for tls://
};

int info(const Common& common);
int drain(const Common& common, std::optional<double> deadline_s);
int undrain(const Common& common);
int rooms(const Common& common, const std::string& type, std::uint64_t limit);  // limit 0: all of them
int room(const Common& common, const std::string& room_id);
int state(const Common& common, const std::string& room_id);
// Keys as given on the command line; a schema is a file's path.
int spawn(const Common& common, const std::vector<std::pair<const RoomKey*, std::string>>& keys);
int close(const Common& common, const std::string& room_id, const std::string& reason);
int kick(const Common& common, const std::string& room_id, const std::string& player_id, const std::string& reason,
         std::uint64_t ban_s);
// A player's id, in one room or in all, or an address or range.
struct BanWish {
    std::string who;
    std::string room_id;
    double minutes = 60;
    std::string reason;
};
int ban(const Common& common, const BanWish& wish);
int unban(const Common& common, const BanWish& wish);
int bans(const Common& common);
// Nothing in `conditions`: no longer.
int simulate(const Common& common, const std::string& room_id, const std::string& player_id, const Conditions& conditions);
int ticket(const Common& common, const std::string& room_id, const std::string& player_id, const std::string& role,
           std::uint64_t ttl_s);
// fleet: of all nodes, by any one's socket.
int watch(const Common& common, const std::string& room_id, std::optional<std::uint64_t> after_seq, bool fleet = false);
int call(const Common& common, const std::string& method, const std::string& params);
int show_version(const Common& common);

int top(const Common& common, bool once, double interval_s);
int doctor(const Common& common);
// 0: clients with the old schema can join rooms with the new one; 1: they cannot; 2: a file cannot be read.
int check_schema(const Common& common, const std::string& old_path, const std::string& new_path);

// A whole file, or Failure 2.
std::string read_file(const std::string& path);

}  // namespace tickrelay::ctl
