#pragma once
// What a codec costs on a recording: the relay's own core plays it in a room and encodes each tick, a client's copy
// decodes each message. One thread; the clock is read around the calls alone, nothing else is done there.

#include "bench/load/recording.h"
#include "schema/protocol_generated.h"

namespace tickrelay::bench {

// Means over the second half of the recording, key ticks included; times are those of the quickest of a few runs.
struct CodecFigures {
  std::size_t ticks = 0;  // of the second half
  double entities_per_tick = 0, changed_per_tick = 0;
  double payload_bytes_per_tick = 0;   // StateFrame.packed; ids, masks, values and removals of codec plain
  double message_bytes_per_tick = 0;   // the whole StateFrame
  double catch_up_bytes_per_tick = 0;  // payload of the same deltas in a frame that needs no stream
  double encode_us_per_tick = 0;
  double encode_ns_per_unchanged = 0;  // an entity that is there, in frames of a room in which nothing changes
  double decode_us_per_tick = 0;       // verifies the message and applies it
  bool verified = false;               // the copy was the recording in every tick, of the first half, too
};

// Throws RecordingError or std::runtime_error where a room cannot hold it.
CodecFigures measure_codec(const Recording& recording, wire::Codec codec);

}  // namespace tickrelay::bench
