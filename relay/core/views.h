// Who sees which chunks, and from which base (rule 14). A view, like a base, moves only when its frame is handed to the socket: each
// frame is a proposal, made from what its player's line was last known to have, one at a time.
// Owner: the worker of the room.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "relay/core/chunks.h"

namespace tickrelay {

// A player that a frame is to be made for.
struct Viewer {
    PlayerNumber player = 0;
    wire::Role role = wire::Role::Player;
    std::uint32_t team = 0;
    const std::optional<Point>* looks_from = nullptr;  // instead of its own entities, where there is one
    Tick base = 0;                                     // its line's, no frame of this room being on its way there
    std::uint32_t bytes_max = 0;                       // of parts; 0: no limit. One's own parts and one other go whatever their size
};

class Views {
  public:
    Views(const Layout& layout, Grid grid, bool packed, Tick key_most, Tick key_least)
        : chunks_(layout, grid, packed, key_most, key_least), packed_(packed), sweep_ticks_(key_most) {}

    [[nodiscard]] Chunks& chunks() { return chunks_; }

    // ---- a send tick: update, look for each viewer, encode, compose for each viewer

    void update(const World& world, Visibilities& visibilities, const Chunks::TeamOf& team_of, Tick now);
    void look(const Viewer& viewer, Tick now);
    void encode(const World& world, Encoder& encoder, Tick now, FrameBytes* count);
    struct Composed {
        bool lists = false;  // the frame tells of each chunk in view: others are gone
        Tick complete = 0;   // 0: everything in view is as of now
    };
    // Appends the parts of the frame.
    Composed compose(const Viewer& viewer, Tick now, std::vector<std::uint8_t>& parts);

    // Whether a copy of this base can go on from there.
    [[nodiscard]] bool can_continue(PlayerNumber player, Tick base) const;
    void forget(PlayerNumber player) { views_.erase(player); }
    // By what it was last known to have.
    [[nodiscard]] bool sees(PlayerNumber player, EntityId entity) const;

  private:
    struct Sight {
        ChunkNumber chunk = 0;
        Tick base = 0;           // 0: the whole is due
        Tick lacking = 0;        // with base 0: the last tick that it has something of, or that it needed nothing
        bool told = false;       // its copy knows of the chunk
        bool in_stream = false;  // codec packed
        bool own = false;        // its copy of the chunk has an entity of the player's own
        float credit = 0;        // grows while it waits for its turn
    };
    struct InView {
        ChunkNumber chunk = 0;
        double distance = 0;
        bool own = false;  // an entity of the player's own is in it
    };
    struct View {
        Tick at = 0;
        std::vector<Sight> held;      // by chunk: what the player's copy has as of `at`,
        Tick proposed_at = 0;
        std::vector<Sight> proposed;  // ... and has once it got that frame
        bool lists = false;           // what left in lost frames is not known
        std::vector<InView> now;
    };
    struct Candidate {
        std::size_t sight;  // in the proposal
        bool own;           // now
        const Part* part;
    };

    static void settle(View& view, Tick base);
    void find_in_view(View& view, const Viewer& viewer);
    void ask(const Sight& sight);
    [[nodiscard]] const Part* choose(const Sight& sight) const;
    void propose(View& view, Tick now, std::vector<std::uint8_t>& parts);
    static void pass_over(const View& view, Sight& sight, std::vector<std::uint8_t>& parts);
    void take(View& view, std::uint32_t bytes_max, Tick now, std::vector<std::uint8_t>& parts);
    void sweep(Tick now);

    Chunks chunks_;
    bool packed_;
    Tick sweep_ticks_;
    Tick swept_ = 0;
    std::uint64_t pass_ = 0;
    std::unordered_map<PlayerNumber, View> views_;
    std::vector<ChunkNumber> wanted_;  // this tick
    std::vector<Candidate> candidates_;
    std::vector<char> in_view_;  // by chunk: 1 where some player's copy has it
    std::vector<Box> from_;  // where the player that is being looked at sees from
};

}  // namespace tickrelay
