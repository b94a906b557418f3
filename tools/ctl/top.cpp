#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "relay/door/json.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

constexpr std::size_t rooms_shown = 20;

// The rooms with most players, each with its figures.
json busiest_rooms(Connection& connection) {
    json all = json::array();
    json params = {{"limit", 1000}};
    for (bool more = true; more;) {
        json page = connection.call("room.list", params);
        for (auto& room : page["rooms"]) all.push_back(std::move(room));
        more = page.contains("cursor");
        if (more) params["cursor"] = page["cursor"];
    }
    const auto players = [](const json& room) { return room.value("players", 0); };
    std::stable_sort(all.begin(), all.end(), [&](const json& a, const json& b) { return players(a) > players(b); });
    if (all.size() > rooms_shown) all.erase(all.begin() + rooms_shown, all.end());
    for (auto& room : all) {
        try {
            room["info"] = connection.call("room.info", {{"room_id", room["room_id"]}});
        } catch (const Failure& failure) {
            if (failure.code != exit_refused) throw;  // it may have closed in between
        }
    }
    return all;
}

// The component that most bytes a second go into.
std::string costliest(const json& room) {
    std::string name;
    double most = 0;
    for (const auto& component : room.value("components", json::array())) {
        const double bytes_per_s = component.value("bytes_per_s", 0.0);
        if (bytes_per_s <= most) continue;
        most = bytes_per_s;
        name = cell(component, "name") + " " + bytes_text(bytes_per_s) + "/s";
    }
    return name;
}

std::string page(const json& info, const json& rooms) {
    const double headroom = info.value("headroom", 0.0);
    std::string text = "tickrelay " + cell(info, "version") + " on " + cell(info, "node") + ", up " +
                       duration_text(info.value("uptime_s", 0.0)) +
                       (info.value("draining", false) ? ", DRAINING" : "") + "\n";
    text += "load " + bar(1 - headroom, 20) + "  " + cell(info, "rooms") + " rooms  " + cell(info, "players") +
            " players\n\n";
    Table table({"ROOM", "TYPE", ">PLAYERS", ">HZ", ">ENTITIES", ">TICK US", ">SKIPPED", ">SENT/S", ">WORST AGE MS", "MOST BYTES"});
    for (const auto& room : rooms) {
        const json figures = room.value("info", json::object());
        double worst_age_ms = 0;
        for (const auto& player : figures.value("players", json::array())) {
            worst_age_ms = std::max(worst_age_ms, player.value("state_age_ms", 0.0));
        }
        table.add({cell(room, "room_id"), cell(room, "type"), cell(room, "players") + "/" + cell(room, "max_players"),
                   cell(room, "tick_rate"), cell(figures, "entities"), cell(figures, "tick_mean_us"),
                   cell(figures, "ticks_skipped"), bytes_text(figures.value("bytes_per_s", 0.0)),
                   cell(json{{"age", worst_age_ms}}, "age"), costliest(figures)});
    }
    return text + table.text();
}

}  // namespace

int top(const Common& common, bool once, double interval_s) {
    Connection connection(common.admin, common.proof);
    while (true) {
        const json info = connection.call("relay.info", json::object());
        const json rooms = busiest_rooms(connection);
        std::string text = common.json ? dump_line({{"info", info}, {"rooms", rooms}}) + "\n" : page(info, rooms);
        // Home, each line cleared as it is written, then what is left below: no flicker.
        if (!once && !common.json && isatty(STDOUT_FILENO) == 1) {
            for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 4)
                text.insert(at, "\x1b[K");
            text = "\x1b[H" + text + "\x1b[J";
        }
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
        if (once) return exit_clean;
        std::this_thread::sleep_for(std::chrono::duration<double>(interval_s));
    }
}

}  // namespace tickrelay::ctl
