// The data block unpacked: fences, stores, layers and tracks with their places in the plane.

const ROUND_RADIUS_MAX_M = 5000; // below, a circle on the globe is a circle in Mercator to within a pixel
const RIM_VERTEX_COUNT = 180;
const CLOSED = 0, OPEN = 1, UNKNOWN = 2;

function unpackContent(content) {
  const middle = content.middle_e7;
  return {
    content,
    middle,
    fences: unpackFences(content.fences, middle),
    stores: unpackStores(content.stores, middle),
    lines: content.lines.map(layer => ({ ...layer, paths: unpackPaths(layer.paths).map(path => flatOf(path, middle)) })),
    marks: content.marks.map(layer => ({
      ...layer,
      places: unpackPoints(layer.points).map(([latitude, longitude]) => placeOf(latitude, longitude, middle)),
    })),
    tracks: content.tracks.map(track => unpackTrack(track, middle)),
  };
}

// Flat [x, y, x, y …]; the whole path is unrolled from its first point on, so that no step jumps.
function flatOf(points, middle) {
  const flat = new Float64Array(points.length * 2);
  let at = middle;
  points.forEach(([latitude, longitude], i) => {
    at = longitude + turnsTo(longitude, at);
    flat[2 * i] = xOf(at);
    flat[2 * i + 1] = yOf(latitude);
  });
  return flat;
}

function unpackFences(packed, middle) {
  return unpackShapes(packed.shapes).map((shape, index) => {
    const fence = { index, rings: [], circle: null, box: emptyBox(), shape };
    if (shape.circle) placeCircle(fence, shape.circle, middle);
    else for (const part of shape.parts) placePart(fence, part, middle);
    return fence;
  });
}

function placeCircle(fence, [latitude, longitude, radiusCm], middle) {
  const [x, y] = placeOf(latitude, longitude, middle), radiusM = radiusCm / 100;
  if (radiusM > ROUND_RADIUS_MAX_M || Math.abs(latitude) > 85 * E7) {
    const rim = rimOf(latitude, longitude + turnsTo(longitude, middle), radiusM, RIM_VERTEX_COUNT);
    fence.rings.push(Float64Array.from(rim));
    for (let i = 0; i < rim.length; i += 2) growBox(fence.box, rim[i], rim[i + 1]);
    return;
  }
  const radius = radiusM * metreAt(latitude / E7);
  fence.circle = { x, y, radius };
  fence.box = [x - radius, y - radius, x + radius, y + radius];
}

// A part moves by one number of turns as a whole: its longitudes are unwrapped already (model/shapes.py).
function placePart(fence, rings, middle) {
  const longitudes = rings[0].map(point => point[1]);
  const west = longitudes.reduce((a, b) => Math.min(a, b)), east = longitudes.reduce((a, b) => Math.max(a, b));
  const turns = turnsTo((west + east) / 2, middle);
  for (const ring of rings) {
    const flat = new Float64Array(ring.length * 2);
    ring.forEach(([latitude, longitude], i) => {
      flat[2 * i] = xOf(longitude + turns);
      flat[2 * i + 1] = yOf(latitude);
      growBox(fence.box, flat[2 * i], flat[2 * i + 1]);
    });
    fence.rings.push(flat);
  }
}

function unpackStores(packed, middle) {
  return unpackPoints(packed.points).map(([latitude, longitude], index) => {
    const [x, y] = placeOf(latitude, longitude, middle);
    return { index, x, y, hours: packed.hours[index] };
  });
}

function unpackTrack(track, middle) {
  const flat = flatOf(unpackPoints(track.points), middle), times = unpackSteps(track.times_ms), box = emptyBox();
  for (let i = 0; i < flat.length; i += 2) growBox(box, flat[i], flat[i + 1]);
  const slots = new Map();
  const events = track.events.map(event => {
    // several things at one fix stand side by side
    const slot = slots.get(event.fix) || 0;
    slots.set(event.fix, slot + 1);
    return { ...event, slot, x: flat[2 * event.fix], y: flat[2 * event.fix + 1] };
  });
  return {
    label: track.label, flat, times, box, events,
    accuracies: unpackNumbers(track.accuracies_cm), verdicts: unpackNumbers(track.verdicts),
  };
}

// Open, closed or unknown at a moment, per entry of the table of hours.
function openStates(packed, intervals, timeMs) {
  if (timeMs < packed.hours_from_ms || timeMs >= packed.hours_until_ms) return packed.hour_texts.map(() => UNKNOWN);
  const minute = timeMs / 60000;
  return intervals.map(flat => {
    if (flat === null) return UNKNOWN;
    for (let i = 0; i + 1 < flat.length; i += 2) if (flat[i] <= minute && minute < flat[i + 1]) return OPEN;
    return CLOSED;
  });
}

// What closes a store, or pauses its offers, at a moment; undefined where nothing does.
function closureAt(closures, store, timeMs) {
  return (closures[store] || []).find(closure => closure.from_ms <= timeMs && timeMs < closure.until_ms);
}

// By winding: holes run the other way round than shells (model/shapes.py), so a point in a hole sums to nothing.
function fenceHolds(fence, x, y) {
  if (fence.circle) return Math.hypot(x - fence.circle.x, y - fence.circle.y) <= fence.circle.radius;
  let winding = 0;
  for (const ring of fence.rings) {
    const length = ring.length;
    for (let i = 0, j = length - 2; i < length; j = i, i += 2) {
      const above = ring[i + 1] > y, aboveBefore = ring[j + 1] > y;
      if (above === aboveBefore) continue;
      const crossing = ring[i] + (y - ring[i + 1]) / (ring[j + 1] - ring[i + 1]) * (ring[j] - ring[i]);
      if (x < crossing) winding += above ? 1 : -1;
    }
  }
  return winding !== 0;
}

// The smallest fence at a place: small ones lie on top of large ones.
function fenceAt(fences, areas, x, y) {
  let best = null;
  for (const fence of fences) {
    const box = fence.box;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
    if ((best === null || areas[fence.index] < areas[best.index]) && fenceHolds(fence, x, y)) best = fence;
  }
  return best;
}
