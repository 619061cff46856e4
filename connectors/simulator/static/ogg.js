// Puts the Opus packets of a WebM recording into an Ogg file, as WhatsApp's own voice notes are: browsers record Opus,
// but not all of them write Ogg. Nothing is encoded again. (WebM: RFC 8794 and 9559. Ogg: RFC 3533. Opus in Ogg: RFC 7845.)

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const CODEC_PRIVATE = 0x63a2;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;
const CONTAINERS = new Set([SEGMENT, CLUSTER, TRACKS, TRACK, BLOCK_GROUP]);

const PACKETS_IN_PAGE = 50; // a second, and far below the 255 segments that a page can hold
const RATE = 48_000;

/** The bytes of an Ogg file with the sound of the bytes of a WebM file of one Opus track. Throws when it has none. */
export function oggOf(webm) {
  const { head, packets } = read(webm);
  if (!head || !packets.length) throw new Error("There is no Opus sound in the recording.");
  const pages = [];
  const serial = crypto.getRandomValues(new Uint32Array(1))[0];
  const page = (type, granule, content) => pages.push(makePage(type, granule, serial, pages.length, content));
  page(2, 0, [head]);
  page(0, 0, [tags()]);
  let granule = 0;
  for (let from = 0; from < packets.length; from += PACKETS_IN_PAGE) {
    const some = packets.slice(from, from + PACKETS_IN_PAGE);
    granule += some.reduce((sum, packet) => sum + samples(packet), 0);
    page(from + PACKETS_IN_PAGE >= packets.length ? 4 : 0, granule, some);
  }
  return new Blob(pages, { type: "audio/ogg; codecs=opus" });
}

/** The Opus header and the packets of a WebM file. Elements of unknown length, as recorders write them, end with the file. */
function read(bytes) {
  const found = { head: null, packets: [] };
  let at = 0;
  while (at < bytes.length) {
    const id = number(bytes, at, true);
    const length = number(bytes, at + id.size, false);
    at += id.size + length.size;
    if (CONTAINERS.has(id.value)) continue; // its children come next
    const end = length.unknown ? bytes.length : Math.min(at + length.value, bytes.length);
    if (id.value === CODEC_PRIVATE) found.head = bytes.subarray(at, end);
    // A block starts with its track's number, two bytes of time and one of flags.
    if (id.value === SIMPLE_BLOCK || id.value === BLOCK) found.packets.push(bytes.subarray(at + number(bytes, at, false).size + 3, end));
    at = end;
  }
  return found;
}

/** A number of one to eight bytes: the leading zeros of the first say how many. An id keeps its marker. */
function number(bytes, at, isId) {
  const first = bytes[at];
  const size = Math.clz32(first) - 23;
  let value = isId ? first : first & (0xff >> size);
  let unknown = !isId && value === (0xff >> size);
  for (let index = 1; index < size; index += 1) {
    unknown &&= bytes[at + index] === 0xff;
    value = value * 256 + bytes[at + index];
  }
  return { value, size, unknown };
}

/** How many samples (at 48 kHz) a packet lasts: its first byte says the length of a frame, and how many there are. */
function samples(packet) {
  const config = packet[0] >> 3;
  const milliseconds = config < 12 ? [10, 20, 40, 60][config % 4] : config < 16 ? [10, 20][config % 2] : [2.5, 5, 10, 20][config % 4];
  const frames = [1, 2, 2, (packet[1] ?? 0) & 63][packet[0] & 3];
  return (milliseconds * frames * RATE) / 1000;
}

function tags() {
  const vendor = new TextEncoder().encode("phone page");
  const bytes = new Uint8Array(16 + vendor.length);
  bytes.set(new TextEncoder().encode("OpusTags"));
  new DataView(bytes.buffer).setUint32(8, vendor.length, true);
  bytes.set(vendor, 12);
  return bytes;
}

function makePage(type, granule, serial, sequence, packets) {
  const segments = packets.flatMap((packet) => [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]);
  const page = new Uint8Array(27 + segments.length + packets.reduce((sum, packet) => sum + packet.length, 0));
  const view = new DataView(page.buffer);
  page.set(new TextEncoder().encode("OggS"));
  page[5] = type;
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  page[26] = segments.length;
  page.set(segments, 27);
  let at = 27 + segments.length;
  for (const packet of packets) {
    page.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, checksum(page), true);
  return page;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let rest = index << 24;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 0x80000000 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest >>> 0;
});

function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) sum = ((sum << 8) ^ TABLE[((sum >>> 24) ^ byte) & 0xff]) >>> 0;
  return sum;
}
