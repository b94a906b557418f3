// A join on its way to the worker of its room: everything copied, because the message is gone by then.
#pragma once

#include <string>

#include "relay/address.h"
#include "relay/run/gate.h"
#include "relay/run/messages.h"

namespace tickrelay {

class JoinErrand final : public Errand {
  public:
    JoinErrand(const JoinRequest& join, LinkId link, const PeerAddress& peer = {})
        : link_(link), peer_(peer), mode_(join.mode), options_(join.options),
          fingerprint_(join.fingerprint), have_(join.have), have_event_(join.have_event), have_direct_(join.have_direct),
          prompt_acks_(join.prompt_acks) {}

    void give(Pass&& pass) noexcept { pass_ = std::move(pass); }  // before it is sent
    void run(Worker& worker, std::int64_t now_ns) override;

  private:
    friend class Worker;
    Pass pass_;
    LinkId link_;
    PeerAddress peer_;
    wire::JoinMode mode_;
    std::string options_;
    std::uint64_t fingerprint_;
    Base have_;
    EventNumber have_event_;
    EventNumber have_direct_;
    bool prompt_acks_;
};

}  // namespace tickrelay
