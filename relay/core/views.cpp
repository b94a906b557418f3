#include "relay/core/views.h"

#include <algorithm>

#include "relay/core/check.h"
#include "relay/core/part.h"
#include "relay/core/plant.h"

namespace tickrelay {

void Views::update(const World& world, Visibilities& visibilities, const Chunks::TeamOf& team_of, Tick now) {
    chunks_.update(world, visibilities, team_of, now);
    for (const ChunkNumber number : wanted_)
        if (Chunk* chunk = chunks_.find(number)) chunk->takers = 0, chunk->wants.clear();
    wanted_.clear();
    if (now - swept_ >= sweep_ticks_) sweep(now);
}

void Views::sweep(Tick now) {
    swept_ = now;
    in_view_.assign(chunks_.size(), 0);
    for (const auto& [player, view] : views_) {
        for (const Sight& sight : view.held) in_view_[sight.chunk] = 1;
        if (view.proposed_at != 0)
            for (const Sight& sight : view.proposed) in_view_[sight.chunk] = 1;
    }
    chunks_.sweep(in_view_, now, sweep_ticks_);
    // What was looked at before may be another chunk by now.
    for (auto& [player, view] : views_) view.now.clear();
}

// ---------------------------------------------------------------------------------------------- what the copy has

// The line's base says what became of the last proposal, and of all before it.
void Views::settle(View& view, Tick base) {
    if (view.proposed_at != 0 && (base == view.proposed_at || PLANTED(view_when_made))) {
        view.held.swap(view.proposed);
        view.at = view.proposed_at;
        view.lists = false;
    }
    view.proposed_at = 0;
    if (base == view.at) return;
    if (base == 0) {
        view = {};
        return;
    }
    if (PLANTED(view_when_made) && base < view.at) return;
    // It comes back with less than it was sent. What it has of chunks it got since is not known, nor which of them left.
    CHECK(base < view.at);
    for (Sight& sight : view.held)
        if (sight.base > base && !PLANTED(entered_kept)) sight.base = 0, sight.lacking = base, sight.in_stream = false;
    view.lists = !PLANTED(ghosts);
    view.at = base;
}

bool Views::can_continue(PlayerNumber player, Tick base) const {
    const auto it = views_.find(player);
    return it != views_.end() && base != 0 && (base <= it->second.at || base == it->second.proposed_at);
}

bool Views::sees(PlayerNumber player, EntityId entity) const {
    const auto it = views_.find(player);
    const auto chunk = chunks_.chunk_of(entity);
    if (it == views_.end() || !chunk) return false;
    const auto sight = std::ranges::lower_bound(it->second.held, *chunk, {}, &Sight::chunk);
    return sight != it->second.held.end() && sight->chunk == *chunk && sight->told;
}

// ---------------------------------------------------------------------------------------------- what it should have

void Views::look(const Viewer& viewer, Tick now) {
    View& view = views_[viewer.player];
    settle(view, viewer.base);
    find_in_view(view, viewer);
    auto held = view.held.begin();
    for (const InView& seen : view.now) {
        while (held != view.held.end() && held->chunk < seen.chunk) ++held;
        const bool known = held != view.held.end() && held->chunk == seen.chunk;
        ask(known ? *held : Sight{.chunk = seen.chunk, .lacking = now - 1});
    }
}

void Views::find_in_view(View& view, const Viewer& viewer) {
    ++pass_;
    for (const Sight& sight : view.held)
        if (sight.told) chunks_.find(sight.chunk)->mark = pass_;
    view.now.clear();
    const bool all = viewer.role == wire::Role::Authority;
    const auto sees = [&](const Chunk& chunk) {
        if (chunk.members.empty()) return false;
        if (all || PLANTED(all_seen)) return true;
        if (viewer.role == wire::Role::Spectator) return chunk.key.by == SeenBy::everyone;
        return chunks_.may_see(chunk.key, viewer.player, viewer.team);
    };
    for (const ChunkNumber number : chunks_.unlocated())
        if (sees(*chunks_.find(number))) view.now.push_back({number, 0});
    std::vector<Box>& from = from_;
    from.clear();
    if (viewer.role == wire::Role::Player && chunks_.grid().divides()) {
        if (viewer.looks_from != nullptr && *viewer.looks_from) {
            from.push_back(Box::of(**viewer.looks_from));
        } else {
            const auto owned = chunks_.owned(viewer.player);
            from.assign(owned.begin(), owned.end());
        }
    }
    const bool nowhere = from.empty() && viewer.role == wire::Role::Player && chunks_.grid().bounds() && !PLANTED(all_seen);
    if (!nowhere)
        chunks_.each_near(from, [&](ChunkNumber number, double distance) {
            const Chunk& chunk = *chunks_.find(number);
            const bool near = from.empty() || chunks_.grid().in_view(distance, chunk.mark == pass_) || PLANTED(all_seen);
            if (near && sees(chunk)) view.now.push_back({number, distance});
        });
    std::ranges::sort(view.now, {}, &InView::chunk);
    // What it owns it sees wherever it looks from: it shows what it writes until it is told that it counts. A spectator writes nothing.
    if (viewer.role == wire::Role::Spectator) return;
    chunks_.each_owned(viewer.player, [&](ChunkNumber number) {
        const auto it = std::ranges::lower_bound(view.now, number, {}, &InView::chunk);
        if (it != view.now.end() && it->chunk == number)
            it->own = true;
        else
            view.now.insert(it, {.chunk = number, .own = true});
    });
}

// What this player needs of a chunk: the stream, or a frame for its base.
void Views::ask(const Sight& sight) {
    Chunk& chunk = *chunks_.find(sight.chunk);
    if (sight.told && sight.base >= chunk.newest && sight.base != 0) return;
    if (chunk.takers == 0 && chunk.wants.empty()) wanted_.push_back(sight.chunk);
    const Tick stands_at = chunk.frames.tick();
    const bool reads = sight.told && sight.base != 0 && sight.base >= stands_at && stands_at != 0;
    if (reads && (sight.in_stream || !packed_)) {
        ++chunk.takers;
        return;
    }
    Tick base = sight.told ? std::min(sight.base, stands_at) : 0;
    if (base < chunk.left_floor) base = 0;
    chunk.wants.push_back({base, 0});
}

void Views::encode(const World& world, Encoder& encoder, Tick now, FrameBytes* count) {
    for (const ChunkNumber number : wanted_) chunks_.encode(number, world, encoder, now, count);
}

// ---------------------------------------------------------------------------------------------- its frame

const Part* Views::choose(const Sight& sight) const {
    const Chunk& chunk = *chunks_.find(sight.chunk);
    const Part* best = nullptr;
    for (const Part& part : chunk.parts) {
        const FrameInfo& info = part.info;
        const bool fits = info.base == 0 || (sight.told && sight.base >= info.base && sight.base != 0 && sight.base >= chunk.left_floor);
        if (!fits || (info.in_stream_only && !sight.in_stream)) continue;
        if (best == nullptr || info.base > best->info.base) best = &part;
    }
    return best;
}

Views::Composed Views::compose(const Viewer& viewer, Tick now, std::vector<std::uint8_t>& parts) {
    View& view = views_[viewer.player];
    propose(view, now, parts);
    take(view, viewer.bytes_max, now, parts);
    Composed composed{.lists = view.lists};
    Tick complete = now;
    for (const Sight& sight : view.proposed) complete = std::min(complete, sight.base != 0 ? sight.base : sight.lacking);
    if (complete != now) composed.complete = std::max<Tick>(complete, 1);
    view.proposed_at = now;
    return composed;
}

// Everything in view; what left it is told first.
void Views::propose(View& view, Tick now, std::vector<std::uint8_t>& parts) {
    view.proposed.clear();
    candidates_.clear();
    auto held = view.held.begin();
    const auto leave_up_to = [&](ChunkNumber chunk) {
        for (; held != view.held.end() && held->chunk < chunk; ++held)
            if (held->told && !view.lists && !PLANTED(leaving_untold)) put_gone(parts, held->chunk);
    };
    for (const InView& seen : view.now) {
        leave_up_to(seen.chunk);
        const bool known = held != view.held.end() && held->chunk == seen.chunk;
        Sight sight = known ? *held++ : Sight{.chunk = seen.chunk, .lacking = now - 1};
        const Chunk& chunk = *chunks_.find(seen.chunk);
        const bool present = sight.told && sight.base != 0 && sight.base >= chunk.newest;
        if (present) {
            sight.base = now;
            sight.own = seen.own;
        } else {
            sight.credit += static_cast<float>(chunk.key.priority / (1 + seen.distance / chunks_.grid().edge()));
            const Part* part = choose(sight);
            if (part != nullptr)
                candidates_.push_back({view.proposed.size(), seen.own, part});
            else
                pass_over(view, sight, parts);
        }
        if (present && view.lists) put_part(parts, seen.chunk, wire::FrameKind::CatchUp);
        view.proposed.push_back(sight);
    }
    leave_up_to(~ChunkNumber{0});
}

// Not this time. A list of what is in view names it all the same, but for what its copy has of another time.
void Views::pass_over(const View& view, Sight& sight, std::vector<std::uint8_t>& parts) {
    if (!view.lists || !sight.told) return;
    if (sight.base != 0)
        put_part(parts, sight.chunk, wire::FrameKind::CatchUp);
    else
        sight.told = sight.in_stream = false;
}

// As many parts as its bytes allow, those first that waited longest for what they weigh. But what it did itself always: a Yours that
// says so comes with the frame.
void Views::take(View& view, std::uint32_t bytes_max, Tick now, std::vector<std::uint8_t>& parts) {
    std::size_t left = bytes_max == 0 ? ~std::size_t{0} : bytes_max;
    if (bytes_max != 0)
        std::ranges::sort(candidates_, std::greater{}, [&](const Candidate& candidate) {
            const Sight& sight = view.proposed[candidate.sight];
            return std::pair(candidate.own || sight.own, sight.credit);
        });
    bool first = true;
    for (const Candidate& candidate : candidates_) {
        Sight& sight = view.proposed[candidate.sight];
        const Chunk& chunk = *chunks_.find(sight.chunk);
        const Part& part = *candidate.part;
        const bool own = candidate.own || sight.own;
        if (!own && !first && part.count > left) {
            pass_over(view, sight, parts);
            continue;
        }
        first = first && own;  // one of the others goes whatever its size: nothing starves
        left -= std::min(left, part.count);
        parts.insert(parts.end(), chunk.bytes.begin() + static_cast<std::ptrdiff_t>(part.first),
                     chunk.bytes.begin() + static_cast<std::ptrdiff_t>(part.first + part.count));
        const bool of_stream = part.info.kind == wire::FrameKind::Stream;
        sight.in_stream = part.info.key || (of_stream && sight.in_stream);
        sight.base = now;
        sight.told = true;
        sight.own = candidate.own;
        sight.credit = 0;
    }
}

}  // namespace tickrelay
