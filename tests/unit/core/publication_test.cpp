// What is published of a room, as its mirrors read it.
#include "relay/core/publication.h"

#include <map>
#include <random>
#include <set>

#include "relay/core/checkpoint_world.h"
#include "room_fixture.h"

namespace tickrelay {
namespace {

constexpr ComponentIndex body = first_schema_component;

// Entity → component → value, of what everyone may see.
using Seen = std::map<EntityId, std::map<ComponentIndex, std::vector<std::byte>>>;

Seen seen(const World& world, const Visibilities& visibilities = {}) {
  Seen all;
  for (const EntityId id : world.entities().ids()) {
    const Visibility* visibility = visibilities.of(id);
    if (visibility != nullptr && visibility->by != SeenBy::everyone) continue;
    for (ComponentIndex i = 0; i < world.layout().components().size(); ++i)
      if (world.has(id, i)) {
        const auto value = world.get(id, i);
        all[id][i].assign(value.begin(), value.end());
      }
  }
  return all;
}

// A mirror's side, as relay/mirror_feed.cpp does it, of its own ticks.
struct Copy {
  explicit Copy(const LayoutPointer& layout) : world(layout) {}
  // An error, or empty.
  std::string take(std::span<const std::byte> bytes) {
    auto read = read_publication(bytes);
    if (const auto* wrong = std::get_if<std::string>(&read)) return *wrong;
    const auto& publication = std::get<Publication>(read);
    if (publication.base > at) return "a gap";
    at = publication.tick;
    for (flatbuffers::uoffset_t i = 0; publication.frame->events() != nullptr && i < publication.frame->events()->size(); ++i)
      if (publication.frame->event_first() + i > event) {
        event = publication.frame->event_first() + i;
        heard.push_back(event_of(*publication.frame->events()->Get(i)).type);
      }
    return apply_frame(*publication.frame, world, now += 3);
  }
  World world;
  Tick at = 0, now = 1'000;
  EventNumber event = 0;
  std::vector<std::string> heard;
};

struct PublicationTest : RoomTest {
  Encoder encoder;
  Publisher publisher;
  Tick tick = 1;

  void step() { room->advance(++tick); }
  std::vector<std::byte> publish(bool whole = false) {
    if (room->views() != nullptr) room->look_around();
    const auto bytes = publisher.make(*room, encoder, whole, 7);
    return {bytes.begin(), bytes.end()};
  }
  EntityId thing(PlayerNumber owner = 0) {
    EntityId id = 0;
    ++value;
    EXPECT_EQ(room->spawn(owner, body, std::as_bytes(std::span(&value, 1)), false, id), Refusal::none);
    return id;
  }
  void change(EntityId id) {
    ++value;
    EXPECT_EQ(room->write(id, body, 1, std::as_bytes(std::span(&value, 1))), Refusal::none);
  }
};

TEST_F(PublicationTest, AMirrorHasWhatTheRoomHas) {
  make(Authority::logic);
  std::mt19937 random(1);
  std::vector<EntityId> things;
  Copy copy(room->settings().layout);
  for (int round = 0; round < 2'000; ++round) {
    const auto some = [&] { return static_cast<std::size_t>(random()) % things.size(); };
    if (things.empty() || random() % 4 == 0) {
      things.push_back(thing());
    } else if (random() % 6 == 0) {
      const std::size_t at = some();
      EXPECT_EQ(room->despawn(things[at]), Refusal::none);
      things.erase(things.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      change(things[some()]);
    }
    if (round % 40 == 7) join();
    step();
    if (random() % 3 == 0) continue;
    ASSERT_EQ(copy.take(publish(random() % 100 == 0)), "") << round;
    ASSERT_EQ(seen(copy.world), seen(room->world())) << round;
  }
}

TEST_F(PublicationTest, AnUnchangedRoomIsToldFromOneThatMoves) {
  make(Authority::logic);
  EXPECT_FALSE(publisher.is_current(*room));
  const EntityId id = thing();
  step();
  (void)publish();
  step();
  EXPECT_TRUE(publisher.is_current(*room));
  change(id);
  step();
  EXPECT_FALSE(publisher.is_current(*room));
  (void)publish();
  room->broadcast("hello", {});
  EXPECT_FALSE(publisher.is_current(*room));
}

// Also where what one has to see changes in between: it comes whole, and it goes.
TEST_F(PublicationTest, WhatIsNotForEveryoneIsNotInIt) {
  RoomSettings settings;
  settings.views = true;
  make(Authority::logic, nullptr, settings);
  std::mt19937 random(2);
  std::vector<EntityId> things;
  for (int i = 0; i < 40; ++i) things.push_back(thing());
  Copy copy(room->settings().layout);
  std::size_t hidden = 0;
  for (int round = 0; round < 1'000; ++round) {
    const EntityId one = things[static_cast<std::size_t>(random()) % things.size()];
    EXPECT_EQ(room->show(one, {.by = random() % 2 == 0 ? SeenBy::everyone : SeenBy::owner, .players = {}}), Refusal::none);
    change(things[static_cast<std::size_t>(random()) % things.size()]);
    step();
    if (random() % 3 == 0) continue;
    ASSERT_EQ(copy.take(publish(random() % 50 == 0)), "") << round;
    const Seen wanted = seen(room->world(), room->visibilities());
    ASSERT_EQ(seen(copy.world), wanted) << round;
    hidden = std::max(hidden, room->world().size() - wanted.size());
  }
  EXPECT_GT(hidden, 10U);
}

TEST_F(PublicationTest, MessagesComeOnceAndInOrderAlsoWithAllOfIt) {
  make(Authority::logic);
  Copy copy(room->settings().layout);
  std::vector<std::string> said;
  for (int round = 0; round < 300; ++round) {
    said.push_back("m" + std::to_string(round));
    room->broadcast(said.back(), {});
    step();
    if (round % 7 == 0) continue;
    ASSERT_EQ(copy.take(publish(round % 50 == 0)), "");
  }
  step();
  ASSERT_EQ(copy.take(publish()), "");
  EXPECT_EQ(copy.heard, said);
}

// More removals than the room remembers: then it says who is there.
TEST_F(PublicationTest, AfterMoreRemovalsThanARoomKnowsTheMirrorHasNoGhosts) {
  make(Authority::logic);
  room->bound_history(10, 10);
  Copy copy(room->settings().layout);
  std::vector<EntityId> things;
  for (int i = 0; i < 60; ++i) things.push_back(thing());
  step();
  ASSERT_EQ(copy.take(publish()), "");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(room->despawn(things[static_cast<std::size_t>(i)]), Refusal::none);
    step();
  }
  ASSERT_EQ(copy.take(publish()), "");
  EXPECT_EQ(seen(copy.world), seen(room->world()));
}

// In a mirror, where ids come back.
TEST_F(PublicationTest, WhatWentTwiceIsRemovedOnce) {
  make(Authority::logic);
  World world(room->settings().layout);
  world.let_ids_return();
  world.create(0, 0, 1);
  for (const Tick at : {2U, 4U}) {
    world.create(7, 0, at);
    world.remove(7, at + 1);
  }
  std::vector<EntityId> gone;
  Extent(world).add_gone(1, false, gone);
  EXPECT_EQ(gone, std::vector<EntityId>{7});
}

// After a crash an entity may lack a component that it had: then a mirror begins anew.
TEST_F(PublicationTest, AWholeThatLacksAComponentIsTold) {
  const LayoutPointer layout = test::layout_of("struct Body { a: int; } struct Hat { b: int; }");
  World had(layout), has(layout);
  for (World* world : {&had, &has}) {
    world->create(0, 0, 1);
    world->create(7, 0, 1);
    world->write(7, body, 1, std::as_bytes(std::span(&value, 1)), 1);
  }
  const auto lacks = [&] {
    const auto frame = encoder.frame(has, EventLog(0, 0), {.base = 0, .tick = 5, .kind = wire::FrameKind::Whole});
    const std::vector<std::byte> bytes(frame.begin(), frame.end());
    return lacks_components(*flatbuffers::GetRoot<wire::StateFrame>(bytes.data()), had);
  };
  EXPECT_FALSE(lacks());
  had.write(7, body + 1, 1, std::as_bytes(std::span(&value, 1)), 2);
  EXPECT_TRUE(lacks());
  has.remove(7, 2);
  EXPECT_FALSE(lacks()) << "it goes as a whole";
}

TEST_F(PublicationTest, SettingsAndEndAreReadAsTheyWere) {
  RoomSettings settings;
  settings.id = "final";
  settings.tick_rate = 30;
  settings.send_rate = 15;
  settings.spectator_rate = 10;
  settings.spectator_delay_ms = 5'000;
  make(Authority::logic, nullptr, settings);
  auto first = read_publication(publish());
  ASSERT_TRUE(std::holds_alternative<Publication>(first)) << std::get<std::string>(first);
  const auto& read = std::get<Publication>(first);
  ASSERT_TRUE(read.settings);
  EXPECT_EQ(read.settings->id, "final");
  EXPECT_EQ(read.settings->spectator_delay_ms, 5'000U);
  EXPECT_EQ(published_rate(*read.settings), 5) << "the highest that divides 15 and is not above 10";
  EXPECT_EQ(read.term, 1U);
  EXPECT_EQ(read.unix_us, 7U);
  EXPECT_EQ(read.settings->layout->fingerprint(), room->world().layout().fingerprint());
  step();
  auto second = read_publication(publish());
  ASSERT_TRUE(std::holds_alternative<Publication>(second));
  EXPECT_FALSE(std::get<Publication>(second).settings);
  EXPECT_EQ(std::get<Publication>(second).base, 1U);
  auto end = read_publication(publisher.make_end(CloseCode::room_closed, 1, 8));
  ASSERT_TRUE(std::holds_alternative<Publication>(end));
  EXPECT_EQ(std::get<Publication>(end).ended, CloseCode::room_closed);
}

// Whatever is sent to a node costs it that mirror at most.
TEST_F(PublicationTest, DamagedOnesAreRefusedOrHarmless) {
  make(Authority::logic);
  for (int i = 0; i < 20; ++i) thing();
  room->broadcast("hello", {});
  step();
  const auto good = publish();
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    for (unsigned flips = 1 + random() % 8; flips-- > 0;) bytes[random() % bytes.size()] ^= static_cast<std::byte>(1 + random() % 255);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    auto read = read_publication(bytes);
    const auto* publication = std::get_if<Publication>(&read);
    if (publication == nullptr || publication->frame == nullptr) continue;
    World world(room->settings().layout);
    (void)apply_frame(*publication->frame, world, 5);
  }
}

}  // namespace
}  // namespace tickrelay
