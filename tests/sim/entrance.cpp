#include "entrance.h"

#include <algorithm>
#include <cmath>

#include "relay/run/proxy_header.h"

namespace tickrelay::sim {

namespace {

constexpr std::int64_t header_timeout_ns = 500 * ms;

PeerAddress ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) { return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}; }

bool is_ipv4_here(const PeerAddress& address) { return std::equal(address.begin(), address.begin() + 12, ipv4(0, 0, 0, 0).begin()); }

std::string text_of(const PeerAddress& address) {
  std::string text;
  char part[8];
  if (is_ipv4_here(address)) {
    for (std::size_t i = 12; i < 16; ++i) text += (i == 12 ? "" : ".") + std::to_string(address[i]);
    return text;
  }
  for (std::size_t i = 0; i < 16; i += 2) {
    std::snprintf(part, sizeof part, "%s%x", i == 0 ? "" : ":", address[i] << 8 | address[i + 1]);
    text += part;
  }
  return text;
}

bool in(const Cidr& range, const PeerAddress& address) {
  for (std::size_t bit = 0; bit < range.bits; ++bit)
    if (((address[bit / 8] ^ range.base[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
  return true;
}

}  // namespace

std::optional<bool> Toll::may(double per_s, std::int64_t now_ns) {
  owed_s = std::max(0.0, owed_s - static_cast<double>(now_ns - at_ns) / 1e9);
  at_ns = now_ns;
  if (per_s <= 0) return true;
  if (std::abs(owed_s - 2) < 1e-6) return std::nullopt;
  return owed_s < 2;
}

Entrance::Entrance(const Options& options, Bans& bans, StatsShard& counts, const std::int64_t& now_ns, Random random, Tally& tally)
    : options_(options), bans_(bans), counts_(counts), now_ns_(now_ns), random_(random), tally_(tally),
      doorman_(options, bans, counts, [this] { return now_ns_; }) {
  set(options);
  const std::uint64_t homes = 2 + random_.below(6);
  for (std::uint64_t i = 0; i < homes; ++i) addresses_.push_back(ipv4(203, 0, 113, static_cast<std::uint8_t>(1 + i)));
  addresses_.push_back({0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1});
}

void Entrance::set(const Options& options) {
  options_ = options;
  doorman_.set(options);
  messages_per_s = doorman_.messages_per_s.load();
  bytes_per_s = doorman_.bytes_per_s.load();
  first_message_ms = doorman_.first_message_ms.load();
}

Entrance::Way Entrance::random_way() {
  Way way{.from = random_.pick(addresses_), .balancer = std::nullopt};
  if (!is_ipv4_here(way.from))
    for (std::size_t i = 8; i < 16; ++i) way.from[i] = static_cast<std::uint8_t>(random_.next());  // privacy extensions
  if (random_.chance(0.3)) {
    way.balancer = ipv4(10, 0, 0, static_cast<std::uint8_t>(1 + random_.below(2)));
    way.header = random_.chance(0.85) ? static_cast<Way::Header>(random_.below(2)) : static_cast<Way::Header>(2 + random_.below(3));
  }
  return way;
}

std::string Entrance::header_of(const Way& way) {
  const bool v4 = is_ipv4_here(way.from);
  if (way.header == Way::Header::none) return {};
  if (way.header == Way::Header::wrong) return random_.chance(0.5) ? "PROXY TCP4 203.0.113.7 nowhere 1 2\r\n" : "GET / HTTP/1.1\r\n";
  if (way.header == Way::Header::line)
    return std::string("PROXY TCP") + (v4 ? "4 " : "6 ") + text_of(way.from) + (v4 ? " 192.0.2.1" : " 2001:db8::1") + " 40000 8350\r\n";
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  const bool local = way.header == Way::Header::local;
  std::string rest = v4 ? std::string(reinterpret_cast<const char*>(way.from.data()) + 12, 4) + std::string(8, '\1')
                        : std::string(reinterpret_cast<const char*>(way.from.data()), 16) + std::string(20, '\1');
  if (random_.chance(0.5)) rest += std::string("\x04\x00\x03", 3) + "abc";  // an extension
  header += {static_cast<char>(local ? 0x20 : 0x21), static_cast<char>(v4 ? 0x11 : 0x21), static_cast<char>(rest.size() >> 8), static_cast<char>(rest.size())};
  return header + rest;
}

WirePointer Entrance::connect(FakeSockets& sockets, const Quality& quality, const Way& way) {
  auto wire = std::make_shared<Wire>();
  wire->quality = quality;
  if (!way.balancer) {
    admit(wire, sockets, way.from);
    return wire;
  }
  Waiting waiting{.wire = wire, .sockets = &sockets, .way = way, .bytes = header_of(way), .until_ns = now_ns_ + header_timeout_ns};
  waiting.header_bytes = waiting.bytes.size();
  if (way.header != Way::Header::none) waiting.bytes += "GET /v1";
  tally_.count(Fault::proxied);
  waiting_.push_back(std::move(waiting));
  return wire;
}

void Entrance::step() {
  std::erase_if(waiting_, [this](Waiting& waiting) { return read_header(waiting); });
}

// The process dies: those whose header was still to come, too.
void Entrance::cut_all() {
  for (const Waiting& waiting : waiting_) {
    waiting.wire->broken = true;
    waiting.wire->ends_ns = now_ns_ + waiting.wire->quality.delay_ns;
  }
  waiting_.clear();
}

// True: it is decided.
bool Entrance::read_header(Waiting& waiting) {
  if (waiting.wire->client_gone || waiting.wire->broken) return true;
  if (waiting.come < waiting.bytes.size()) waiting.come = std::min<std::size_t>(waiting.bytes.size(), waiting.come + 1 + random_.below(30));
  const ProxyHeader header = read_proxy_header(std::as_bytes(std::span(waiting.bytes)).first(waiting.come));
  const Way& way = waiting.way;
  switch (header.state) {
    case ProxyHeader::State::partial:
      SIM_REQUIRE(waiting.come < std::max<std::size_t>(waiting.header_bytes, 1) || way.header == Way::Header::wrong, "a whole PROXY header is not seen");
      if (now_ns_ < waiting.until_ns) return false;
      break;
    case ProxyHeader::State::bad: SIM_REQUIRE(way.header == Way::Header::wrong, "a good PROXY header is refused: " + std::string(header.why)); break;
    case ProxyHeader::State::whole:
      SIM_REQUIRE(way.header != Way::Header::wrong && header.bytes == waiting.header_bytes, "a PROXY header is taken for a longer or shorter one");
      SIM_REQUIRE(header.peer.has_value() == (way.header != Way::Header::local) && header.peer.value_or(way.from) == way.from, "a PROXY header names another");
      admit(waiting.wire, *waiting.sockets, header.peer.value_or(*way.balancer));
      return true;
  }
  doorman_.no_header(*way.balancer, header.why);
  tally_.count(Fault::no_proxy_header);
  turn_away(*waiting.wire, reason_index(OtherReason::proxy_header));
  return true;
}

void Entrance::turn_away(Wire& wire, std::size_t reason) {
  ++turned_away_[reason];
  wire.broken = true;
  wire.ends_ns = now_ns_ + wire.quality.delay_ns;
}

Entrance::Customer& Entrance::customer(const PeerAddress& from) {
  PeerAddress of = from;
  if (!is_ipv4_here(of)) std::fill(of.begin() + 8, of.end(), 0);  // its /64
  return customers_[of];
}

void Entrance::admit(const WirePointer& wire, FakeSockets& sockets, const PeerAddress& from) {
  const auto before = counts();
  const bool admitted = doorman_.admit(from);
  const auto after = counts();
  Customer& of = customer(from);
  std::optional<std::size_t> why;  // not
  for (std::size_t i = 0; i < reasons; ++i)
    if (after[i] != before[i]) {
      SIM_REQUIRE(!why && after[i] == before[i] + 1, "one refusal counts once");
      why = i;
    }
  SIM_REQUIRE(admitted != why.has_value(), "who is refused is counted");
  const bool banned = is_banned(from);
  const bool all = open_ >= options_.quota_connections, too_many = of.open >= options_.quota_connections_per_address;
  const auto may = of.connects.may(options_.quota_connections_per_s_per_address, now_ns_);
  std::optional<std::size_t> expected;
  if (banned) expected = reason_index(CloseCode::banned);
  else if (all) expected = reason_index(OtherReason::connections);
  else if (too_many) expected = reason_index(OtherReason::address_connections);
  else if (may.has_value() ? !*may : !admitted) expected = reason_index(OtherReason::address_rate);
  const auto named = [](const std::optional<std::size_t>& reason) { return reason ? std::string(reason_label(*reason)) : "let in"; };
  SIM_REQUIRE(why == expected, "a connection is " + named(why) + ", and should be " + named(expected));
  if (!admitted) {
    tally_.count(banned ? Fault::banned_address : too_many ? Fault::address_connections : all ? Fault::connections_full : Fault::address_rate);
    return turn_away(*wire, *why);
  }
  of.connects.take(options_.quota_connections_per_s_per_address);
  ++open_;
  ++of.open;
  sockets.open(wire, from);
}

void Entrance::released(const PeerAddress& from) {
  doorman_.release(from);
  --open_;
  --customer(from).open;
}

// ---------------------------------------------------------------------------------------------- bans, joins

void Entrance::ban(Bans::Ban ban) {
  banned_.push_back(ban);
  bans_.add(std::move(ban));
}

void Entrance::lift_bans() {
  for (const Bans::Ban& ban : banned_) bans_.remove(ban, now_ns_);
  banned_.clear();
}

// The newest of the same counts.
bool Entrance::is_banned(std::string_view player_id, std::string_view room_id) const {
  if (player_id.empty()) return false;
  for (const std::string_view room : {std::string_view(), room_id}) {
    const auto newest = std::find_if(banned_.rbegin(), banned_.rend(), [&](const Bans::Ban& ban) { return ban.player_id == player_id && ban.room_id == room; });
    if (newest != banned_.rend() && newest->until_ns > now_ns_) return true;
  }
  return false;
}

bool Entrance::is_banned_somewhere(std::string_view player_id) const {
  return std::ranges::any_of(banned_, [&](const Bans::Ban& ban) { return !ban.player_id.empty() && ban.player_id == player_id && ban.until_ns > now_ns_; });
}

bool Entrance::is_banned(const PeerAddress& address) const {
  for (auto ban = banned_.rbegin(); ban != banned_.rend(); ++ban) {
    const bool newest = std::none_of(banned_.rbegin(), ban, [&](const Bans::Ban& other) { return other.player_id.empty() && other.address == ban->address; });
    if (ban->player_id.empty() && newest && ban->until_ns > now_ns_ && in(ban->address, address)) return true;
  }
  return false;
}

std::optional<Drop> Entrance::join(const PeerAddress& from, std::int64_t now_ns) {
  const auto drop = doorman_.join(from, now_ns);
  Customer& of = customer(from);
  const bool banned = is_banned(from);
  SIM_REQUIRE(banned == (drop && drop->code == CloseCode::banned), "a join from a banned address, or the ban of one that is not");
  if (banned) return drop;
  const auto may = of.joins.may(options_.quota_joins_per_s_per_address, now_ns);
  SIM_REQUIRE(!may || *may != drop.has_value(), may && *may ? "a join is refused that was within its address's quota" : "more joins come from an address than its quota");
  SIM_REQUIRE(!drop || drop->code == CloseCode::rate_limit, "too many joins are another refusal");
  if (drop) tally_.count(Fault::joins_paced);
  if (!drop) of.joins.take(options_.quota_joins_per_s_per_address);
  return drop;
}

void Entrance::refused(const PeerAddress& from, std::string_view reason, std::string_view detail, std::int64_t now_ns) {
  ++told_[std::string(reason)];
  doorman_.refused(from, reason, detail, now_ns);
}

std::uint64_t Entrance::told(std::string_view reason) const {
  const auto it = told_.find(reason);
  return it == told_.end() ? 0 : it->second;
}

std::array<std::uint64_t, reasons> Entrance::counts() const {
  StatsTotals totals;
  totals.add(counts_);
  return totals.refused;
}

void Entrance::check_counts() const {
  const auto counted = counts();
  for (std::size_t i = 0; i < reasons; ++i)
    SIM_REQUIRE(counted[i] == turned_away_[i], "connections refused before their handshake are counted otherwise: " + std::string(reason_label(i)));
}

}  // namespace tickrelay::sim
