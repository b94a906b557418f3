// Something to be done with a room, on its worker. Not where the room is gone by then.
#pragma once

#include <functional>
#include <utility>

#include "relay/run/worker.h"

namespace tickrelay {

class OnPlace final : public Errand {
  public:
    using Todo = std::function<void(Worker& worker, Worker::Place& place, std::int64_t now_ns)>;

    OnPlace(RoomRecordPointer record, Todo todo) : record_(std::move(record)), todo_(std::move(todo)) {}
    void run(Worker& worker, std::int64_t now_ns) override {
        if (Worker::Place* place = worker.place_of(record_, now_ns)) todo_(worker, *place, now_ns);
    }

  private:
    RoomRecordPointer record_;
    Todo todo_;
};

}  // namespace tickrelay
