// What bounds the SDK. The relay's own limits stand in PROTOCOL.md, "Limits".
export const enum Limits {
  messageBytes = 64 * 1024, // to the relay
  actions = 64, // in one message
  inputBytes = 1024,
  payloadBytes = 16 * 1024,
  receivers = 256,
  opaqueBytes = 16 * 1024,
  typeBytes = 64,
  nameBytes = 64, // player id, room id, type
  optionsBytes = 4096,

  receivedBytes = 16 * 1024 * 1024, // one message from the relay
  entities = 16_384,
  chunks = 16_384, // none is empty
  puts = 1 << 21, // values in the parts of a frame: every component of every entity once, and some twice
  components = 64 + 3, // a schema's and the relay's own
  fields = 64,

  outboxActions = 8192, // waiting for the relay
  outboxBytes = 4 * 1024 * 1024,
  outboxInputs = 8, // not yet sent; older ones give way
  bufferedBytes = 64 * 1024, // in the socket: above it nothing is written but what answers

  silenceUs = 5_000_000, // a relay sends at least every 250 ms
  silenceMaxUs = 80_000_000,
  leaveUs = 2_000_000, // from leave() to its end without an answer
}
