// A few stickers, drawn here: on a canvas to choose from, and as the WebP file of 512 by 512 that WhatsApp sends.

const SIDE = 512;
const INK = "#3b2a1a";

export const STICKERS = [
  { name: "A smiling marigold", paint: marigold },
  { name: "A heart", paint: heart },
  { name: "A parcel that has arrived", paint: parcel },
  { name: "A question mark", paint: question },
].map((one) => ({ ...one, drawing: (side) => drawn(one.paint, side) }));

/** The file of a sticker. */
export function stickerFile({ name, paint }) {
  return new Promise((resolve) => {
    drawn(paint, SIDE).toBlob((blob) => resolve(new File([blob], `${name}.webp`, { type: blob.type })), "image/webp", 0.9);
  });
}

function drawn(paint, side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  pen.scale(side / SIDE, side / SIDE);
  pen.lineCap = pen.lineJoin = "round";
  paint(pen);
  return canvas;
}

/** Fill a path, with the white border that stickers have. */
function cut(pen, path, colour) {
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 34;
  pen.stroke(path);
  pen.fillStyle = colour;
  pen.fill(path);
}

function circle(x, y, radius) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, Math.PI * 2);
  return path;
}

function face(pen, x, y) {
  pen.fillStyle = INK;
  pen.fill(circle(x - 42, y - 18, 12));
  pen.fill(circle(x + 42, y - 18, 12));
  pen.strokeStyle = INK;
  pen.lineWidth = 11;
  const smile = new Path2D();
  smile.arc(x, y + 4, 44, 0.35, Math.PI - 0.35);
  pen.stroke(smile);
}

function marigold(pen) {
  const petals = Array.from({ length: 12 }, (_, index) => {
    const angle = (index / 12) * Math.PI * 2;
    return circle(256 + Math.cos(angle) * 138, 256 + Math.sin(angle) * 138, 66);
  });
  petals.forEach((petal) => cut(pen, petal, "#f5931e"));
  petals.forEach((petal, index) => { pen.fillStyle = index % 2 ? "#f5931e" : "#fbb040"; pen.fill(petal); });
  pen.fillStyle = "#ffd35c";
  pen.fill(circle(256, 256, 124));
  face(pen, 256, 250);
}

function heart(pen) {
  cut(pen, new Path2D("M256 440 C 60 310 60 120 170 100 C 220 92 248 130 256 160 C 264 130 292 92 342 100 C 452 120 452 310 256 440 Z"), "#e5384f");
  pen.fillStyle = "rgb(255 255 255 / 45%)";
  pen.fill(new Path2D("M150 190 C 150 150 175 135 195 135 C 180 150 172 170 172 205 C 170 225 150 220 150 190 Z"));
}

function parcel(pen) {
  cut(pen, new Path2D("M86 170 L256 96 L426 170 L426 356 L256 434 L86 356 Z"), "#c98d4f");
  pen.fillStyle = "#e3b077";
  pen.fill(new Path2D("M86 170 L256 96 L426 170 L256 246 Z"));
  pen.fillStyle = "#b0763b";
  pen.fill(new Path2D("M256 246 L426 170 L426 356 L256 434 Z"));
  cut(pen, circle(372, 356, 78), "#1fa855");
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 22;
  pen.stroke(new Path2D("M336 358 L362 384 L410 332"));
}

function question(pen) {
  cut(pen, new Path2D("M256 70 C 380 70 440 150 440 236 C 440 330 366 402 256 402 C 236 402 218 400 200 394 L116 440 L132 360 C 92 330 72 286 72 236 C 72 150 132 70 256 70 Z"), "#3f7fe0");
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 34;
  pen.stroke(new Path2D("M206 196 C 206 130 310 130 310 196 C 310 240 258 240 258 284"));
  pen.fillStyle = "#ffffff";
  pen.fill(circle(258, 338, 21));
}
