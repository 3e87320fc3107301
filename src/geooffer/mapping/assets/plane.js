// The plane the map is drawn in: Web Mercator, the world 1 wide, y downwards, unrolled around the data's middle.

const E7 = 1e7, TURN_E7 = 360 * E7, EARTH_RADIUS_M = 6371008.8;
const LATITUDE_MAX = 89.5; // Mercator has no pole; what lies beyond is drawn at the edge

// Whole turns to add to a longitude so that it lies within half a turn of the middle.
function turnsTo(longitudeE7, middleE7) {
  return Math.round((middleE7 - longitudeE7) / TURN_E7) * TURN_E7;
}

const xOf = longitudeE7 => longitudeE7 / TURN_E7;

function yOf(latitudeE7) {
  const latitude = Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, latitudeE7 / E7)) * Math.PI / 180;
  return -Math.log(Math.tan(Math.PI / 4 + latitude / 2)) / (2 * Math.PI);
}

const longitudeAt = x => x * 360;
const latitudeAt = y => (2 * Math.atan(Math.exp(-2 * Math.PI * y)) - Math.PI / 2) * 180 / Math.PI;

// Length of one metre in the plane, which grows with the latitude.
const metreAt = latitude => 1 / (2 * Math.PI * EARTH_RADIUS_M * Math.cos(latitude * Math.PI / 180));

// A point of a single place, unrolled; [x, y].
function placeOf(latitudeE7, longitudeE7, middleE7) {
  return [xOf(longitudeE7 + turnsTo(longitudeE7, middleE7)), yOf(latitudeE7)];
}

// The rim of a circle too large to be round in Mercator, counter-clockwise; flat [x, y, x, y …].
function rimOf(latitudeE7, longitudeE7, radiusM, vertexCount) {
  const latitude = latitudeE7 / E7 * Math.PI / 180, radius = radiusM / EARTH_RADIUS_M, rim = [];
  for (let step = 0; step < vertexCount; step++) {
    const bearing = -2 * Math.PI * step / vertexCount;
    const sine = Math.sin(latitude) * Math.cos(radius)
      + Math.cos(latitude) * Math.sin(radius) * Math.cos(bearing);
    const turn = Math.atan2(Math.sin(bearing) * Math.sin(radius) * Math.cos(latitude),
      Math.cos(radius) - Math.sin(latitude) * sine);
    rim.push(xOf(longitudeE7 + turn * 180 / Math.PI * E7), yOf(Math.asin(sine) * 180 / Math.PI * E7));
  }
  return rim;
}

// 1, 2 or 5 times a power of ten, the least that is not below the value.
function roundStep(value) {
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  for (const factor of [1, 2, 5]) if (factor * power >= value) return factor * power;
  return 10 * power;
}

function emptyBox() { return [Infinity, Infinity, -Infinity, -Infinity]; }

function growBox(box, x, y) {
  if (x < box[0]) box[0] = x;
  if (y < box[1]) box[1] = y;
  if (x > box[2]) box[2] = x;
  if (y > box[3]) box[3] = y;
}

// What part of the plane the canvas shows: its middle, and pixels per unit of the plane.
class View {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1000;
    this.width = 1;
    this.height = 1;
  }
  toX(x) { return (x - this.x) * this.scale + this.width / 2; }
  toY(y) { return (y - this.y) * this.scale + this.height / 2; }
  atX(px) { return (px - this.width / 2) / this.scale + this.x; }
  atY(px) { return (px - this.height / 2) / this.scale + this.y; }
  get latitude() { return latitudeAt(this.y); }
  get metrePx() { return metreAt(this.latitude) * this.scale; }
  sees(box, marginPx) {
    const margin = marginPx / this.scale, halfX = this.width / 2 / this.scale, halfY = this.height / 2 / this.scale;
    return box[2] >= this.x - halfX - margin && box[0] <= this.x + halfX + margin
      && box[3] >= this.y - halfY - margin && box[1] <= this.y + halfY + margin;
  }
  panBy(dxPx, dyPx) {
    this.x -= dxPx / this.scale;
    this.y = Math.max(-0.9, Math.min(0.9, this.y - dyPx / this.scale));
  }
  zoomAt(factor, px, py) {
    const x = this.atX(px), y = this.atY(py);
    this.scale = Math.max(100, Math.min(4e9, this.scale * factor)); // the world in 100 px … 1 cm a pixel
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
  }
  // Show a box with some air, but not closer than about `leastM` metres across.
  show(box, leastM) {
    if (!(box[2] >= box[0])) return;
    this.x = (box[0] + box[2]) / 2;
    this.y = (box[1] + box[3]) / 2;
    const least = leastM * metreAt(this.latitude);
    const scaleX = this.width / Math.max((box[2] - box[0]) * 1.15, least);
    const scaleY = this.height / Math.max((box[3] - box[1]) * 1.15, least);
    this.scale = Math.max(100, Math.min(4e9, scaleX, scaleY));
  }
}
