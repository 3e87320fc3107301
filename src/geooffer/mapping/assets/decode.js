// Packed numbers back into numbers; the writer and the format are mapping/packing.py. No part of the page is used
// here, in plane.js and in data.js, so that tests run them without a browser.

// Zigzag varints in base64. By arithmetic, not by bits: a step across the map leaves 32 bits.
function unpackNumbers(text) {
  const octets = atob(text), numbers = [];
  let value = 0, scale = 1;
  for (let i = 0; i < octets.length; i++) {
    const octet = octets.charCodeAt(i);
    value += (octet & 127) * scale;
    scale *= 128;
    if (octet < 128) {
      numbers.push(value % 2 ? -(value + 1) / 2 : value / 2);
      value = 0;
      scale = 1;
    }
  }
  return numbers;
}

function unpackSteps(text) {
  let sum = 0;
  return unpackNumbers(text).map(step => (sum += step));
}

// Reads points as steps from where it stands.
class Reader {
  constructor(text) {
    this.numbers = unpackNumbers(text);
    this.place = 0;
    this.latitude = 0;
    this.longitude = 0;
  }
  get over() { return this.place >= this.numbers.length; }
  next() { return this.numbers[this.place++]; }
  point() {
    this.latitude += this.next();
    this.longitude += this.next();
    return [this.latitude, this.longitude];
  }
  points(count) {
    const points = [];
    for (let i = 0; i < count; i++) points.push(this.point());
    return points;
  }
}

function unpackPoints(text) {
  const reader = new Reader(text), points = [];
  while (!reader.over) points.push(reader.point());
  return points;
}

function unpackPaths(text) {
  const reader = new Reader(text), paths = [];
  while (!reader.over) paths.push(reader.points(reader.next()));
  return paths;
}

// Per fence {circle: [latitude, longitude, radius_cm]} or {parts: [[ring, hole …] …]}, all in E7.
function unpackShapes(text) {
  const reader = new Reader(text), shapes = [];
  while (!reader.over) {
    const partCount = reader.next();
    if (partCount === 0) {
      const [latitude, longitude] = reader.point();
      shapes.push({ circle: [latitude, longitude, reader.next()] });
      continue;
    }
    const parts = [];
    for (let part = 0; part < partCount; part++) {
      const rings = [], ringCount = reader.next();
      for (let ring = 0; ring < ringCount; ring++) rings.push(reader.points(reader.next()));
      parts.push(rings);
    }
    shapes.push({ parts });
  }
  return shapes;
}
