// Controls without a relay: answers what a test put in, remembers what was asked. One thread, or one at a time.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "relay/door/controls.h"

namespace tickrelay {

class FakeControls : public Controls {
  public:
    RelayInfo information{
        "node-a", "0.1.0", 12.5, 1, 2, 0.75, false, "127.0.0.1:8350", "127.0.0.1:8351", "ws://127.0.0.1:8350"};
    std::shared_ptr<const RoomTypes> known_types = std::make_shared<const RoomTypes>(built_in_types());
    std::optional<std::vector<NodeAnswer>> others;  // what they answer; none: a relay alone
    std::vector<std::string> others_asked;
    std::string why_unready;
    std::map<std::string, RoomInfo> known_rooms;
    RoomState known_state;
    RoomPlaces known_places;
    std::vector<StateRequest> states;
    std::vector<SpawnRequest> spawns;
    std::vector<UpdateRequest> updates;
    std::vector<BroadcastRequest> broadcasts;
    std::vector<SetRequest> sets;
    std::vector<ShowRequest> shows;
    std::vector<PlayerUpdateRequest> player_updates;
    std::vector<KickRequest> kicks;
    std::vector<BanRequest> banned, unbanned;
    std::vector<BanEntry> known_bans;
    std::vector<SimulateRequest> simulations;
    std::vector<TicketRequest> tickets;
    std::vector<ResultRequest> results;
    std::vector<std::string> closed;
    std::optional<double> drained_s;

    RoomInfo& add_room(const std::string& id, const std::string& type = "relay") {
        RoomInfo& room = known_rooms[id];
        room.settings = known_types->at(type).settings;
        room.settings.id = id;
        return room;
    }

    std::optional<std::vector<NodeAnswer>> ask_others(const std::string& line, Deadline) override {
        others_asked.push_back(line);
        return others;
    }
    RelayInfo info() override { return information; }
    std::shared_ptr<const RoomTypes> types() override { return known_types; }
    std::string unready() override { return why_unready; }

    Answer<std::uint64_t> drain(std::optional<double> deadline_s, Deadline) override {
        information.draining = true;
        drained_s = deadline_s;
        return known_rooms.size();
    }
    Answer<Done> undrain(Deadline) override {
        information.draining = false;
        return Done{};
    }
    Answer<std::vector<RoomEntry>> rooms(Deadline) override {
        std::vector<RoomEntry> list;
        for (const auto& [id, room] : known_rooms) {
            const auto players = static_cast<std::uint32_t>(room.players.size());
            list.push_back({id, room.settings.type, players, room.settings.max_players, room.settings.tick_rate,
                            room.settings.is_private, room.settings.locked, room.settings.metadata, room.age_s});
        }
        return list;
    }
    Answer<Spawned> spawn(SpawnRequest request, Deadline) override {
        spawns.push_back(request);
        std::string id = request.settings.id.empty() ? "made-up" : request.settings.id;
        const auto have = known_rooms.find(id);
        if (have != known_rooms.end() && !agree(have->second.settings, request.settings, request.given)) {
            return Refused{std::string(reason_room_exists), "room " + id + " exists with other settings"};
        }
        known_rooms[id].settings = request.settings;
        known_rooms[id].settings.id = id;
        return Spawned{id, information.url, information.node, request.settings.trace_id};
    }
    std::string trace_of(const std::string& room_id) override {
        const auto found = known_rooms.find(room_id);
        return found == known_rooms.end() ? "" : found->second.settings.trace_id;
    }
    Answer<Done> update(UpdateRequest request, Deadline) override { return remember(updates, std::move(request)); }
    Answer<RoomInfo> room(std::string room_id, Deadline) override {
        const auto found = known_rooms.find(room_id);
        if (found == known_rooms.end()) return missing(room_id);
        return found->second;
    }
    Answer<Done> close(std::string room_id, std::string, Deadline) override {
        if (known_rooms.erase(room_id) == 0) return missing(room_id);
        closed.push_back(room_id);
        return Done{};
    }
    Answer<Done> broadcast(BroadcastRequest request, Deadline) override {
        return remember(broadcasts, std::move(request));
    }
    Answer<LayoutPointer> layout(std::string room_id, Deadline) override {
        const auto found = known_rooms.find(room_id);
        if (found == known_rooms.end()) return missing(room_id);
        return found->second.settings.layout;
    }
    Answer<SetDone> set(SetRequest request, Deadline) override {
        sets.push_back(std::move(request));
        return SetDone{77};
    }
    Answer<RoomState> state(StateRequest request, Deadline) override {
        if (!known_rooms.contains(request.room_id)) return missing(request.room_id);
        states.push_back(request);
        return known_state;
    }
    Answer<RoomPlaces> places(PlacesRequest request, Deadline) override {
        if (!known_rooms.contains(request.room_id)) return missing(request.room_id);
        return known_places;
    }
    Answer<Done> show(ShowRequest request, Deadline) override { return remember(shows, std::move(request)); }
    Answer<Done> update_player(PlayerUpdateRequest request, Deadline) override { return remember(player_updates, std::move(request)); }
    Answer<Done> kick(KickRequest request, Deadline) override { return remember(kicks, std::move(request)); }
    Answer<Banned> ban(BanRequest request, Deadline) override {
        banned.push_back(std::move(request));
        return Banned{2};
    }
    std::vector<BanEntry> bans(std::size_t skip, std::size_t count) override {
        const auto at = [this](std::size_t i) { return known_bans.begin() + static_cast<std::ptrdiff_t>(std::min(i, known_bans.size())); };
        return {at(skip), at(skip + count)};
    }
    Answer<Unbanned> unban(BanRequest request, Deadline) override {
        unbanned.push_back(std::move(request));
        return Unbanned{};
    }
    Answer<Done> simulate(SimulateRequest request, Deadline) override { return remember(simulations, std::move(request)); }
    Answer<TicketIssued> issue_ticket(TicketRequest request, Deadline) override {
        tickets.push_back(std::move(request));
        return TicketIssued{"ticket-1", information.url};
    }
    Answer<Done> result(ResultRequest request, Deadline) override { return remember(results, std::move(request)); }

  private:
    static Refused missing(const std::string& room_id) {
        return {std::string(reason_room_not_found), "there is no room " + room_id};
    }
    template <typename Request>
    Answer<Done> remember(std::vector<Request>& list, Request request) {
        if (!known_rooms.contains(request.room_id)) return missing(request.room_id);
        list.push_back(std::move(request));
        return Done{};
    }
};

}  // namespace tickrelay
