// The constants of codec packed: PROTOCOL.md, "Codec packed", Bits.

export const logitMax = 2047;
export const countMax = 60;

const knots = [
  32, 32, 36, 47, 60, 77, 98, 126, 162, 208, 267, 342, 439, 562, 720, 922, 1179, 1506, 1921, 2446, 3108, 3938, 4971, 6249,
  7812, 9702, 11955, 14595, 17625, 21025, 24743, 28693, 32768, 36843, 40793, 44511, 47911, 50941, 53581, 55834, 57724, 59287,
  60565, 61598, 62428, 63090, 63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194, 65269, 65328, 65374, 65410, 65438,
  65459, 65476, 65489, 65500, 65504, 65504,
];

/** The probability of a 1, of 65536, at logit + 2048. */
export const squashTable = new Uint16Array(4096);
for (let i = 0; i < 4096; ++i) {
  const low = knots[i >> 6];
  const high = knots[(i >> 6) + 1];
  squashTable[i] = low + (((high - low) * (i & 63)) >> 6);
}

/** The logit of the upper 12 of a learned probability's 15 bits. */
export const stretchTable = new Int16Array(4096);
for (let i = 0, logit = -logitMax; i < 4096; ++i) {
  while (logit < logitMax && squashTable[logit + 2048] < i * 16 + 8) ++logit;
  stretchTable[i] = logit;
}

/** How far a probability moves at its n-th use, of 65536. */
export const rates = new Int32Array(countMax + 1);
for (let n = 0; n <= countMax; ++n) rates[n] = n === 0 ? 32767 : Math.floor(65536 / (n + 2));
