// Painting what stands still: graticule, lines, fences, stores, marks, scale bar.

const ALERT = "#d55e00", DOT_SIZE_PX = 3, LABEL_SIZE_PX = 46, LABEL_COUNT_MAX = 70;
const FILL_ALPHA = [0.05, 0.34, 0.16]; // closed, open, not known
const APART_COUNT_MAX = 2500; // up to here overlaps darken; beyond, a group is filled at once

function cssValue(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function paintMap(map) {
  const { pen, view } = map;
  map.inks = { paper: cssValue("--paper"), ink: cssValue("--ink"), soft: cssValue("--soft"), grid: cssValue("--grid"),
    halo: cssValue("--halo") };
  pen.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
  pen.globalAlpha = 1;
  pen.fillStyle = map.inks.paper;
  pen.fillRect(0, 0, view.width, view.height);
  paintGraticule(map);
  for (const layer of map.data.lines) if (map.shows("lines:" + layer.label)) paintLines(map, layer);
  paintFences(map);
  if (map.shows("stores")) paintStores(map);
  for (const layer of map.data.marks) if (map.shows("marks:" + layer.label)) paintMarks(map, layer);
  if (map.shows("tracks")) for (const [index, track] of map.data.tracks.entries()) paintTrack(map, track, index);
  if (map.spot) paintSpot(map);
  paintFrame(map);
}

function paintGraticule(map) {
  const { pen, view } = map;
  const step = Math.min(30, roundStep(75 / view.scale * 360));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const west = longitudeAt(view.atX(0)), east = longitudeAt(view.atX(view.width));
  const north = Math.min(LATITUDE_MAX, latitudeAt(view.atY(0)));
  const south = Math.max(-LATITUDE_MAX, latitudeAt(view.atY(view.height)));
  pen.strokeStyle = map.inks.grid;
  pen.fillStyle = map.inks.soft;
  pen.lineWidth = 1;
  pen.font = "10.5px system-ui, sans-serif";
  pen.textBaseline = "bottom";
  pen.textAlign = "left";
  for (let i = Math.ceil(west / step); i * step <= east; i++) {
    const x = view.toX(i * step / 360), around = ((i * step + 540) % 360 + 360) % 360 - 180;
    strokeLine(pen, x, 0, x, view.height);
    pen.fillText(Math.abs(around).toFixed(digits) + "°" + (around < 0 ? "W" : "E"), x + 3, view.height - 3);
  }
  for (let i = Math.ceil(south / step); i * step <= north; i++) {
    const y = view.toY(yOf(i * step * E7));
    strokeLine(pen, 0, y, view.width, y);
    pen.fillText(Math.abs(i * step).toFixed(digits) + "°" + (i < 0 ? "S" : "N"), 52, y - 2);
  }
}

function strokeLine(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function tracePath(pen, view, flat) {
  pen.moveTo(view.toX(flat[0]), view.toY(flat[1]));
  for (let i = 2; i < flat.length; i += 2) pen.lineTo(view.toX(flat[i]), view.toY(flat[i + 1]));
}

function paintLines(map, layer) {
  const { pen, view } = map;
  pen.strokeStyle = layer.colour === "halo" ? cssValue("--panel") : layer.colour;
  pen.globalAlpha = layer.opacity;
  pen.lineWidth = Math.max(layer.width_px, layer.width_m * view.metrePx);
  pen.lineJoin = pen.lineCap = "round";
  for (const path of layer.paths) {
    pen.beginPath();
    tracePath(pen, view, path);
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

function traceFence(pen, view, fence) {
  if (fence.circle) {
    const { x, y, radius } = fence.circle, px = view.toX(x), py = view.toY(y), size = radius * view.scale;
    pen.moveTo(px + size, py);
    pen.arc(px, py, size, 0, 2 * Math.PI, true); // counter-clockwise, as shells are: overlaps stay filled
    return;
  }
  for (const ring of fence.rings) {
    tracePath(pen, view, ring);
    pen.closePath();
  }
}

const sizePx = (fence, view) => Math.max(fence.box[2] - fence.box[0], fence.box[3] - fence.box[1]) * view.scale;

// Fences in sight by kind and opening state, so that each group is one path; the tiny ones as dots.
function paintFences(map) {
  const { pen, view, data } = map, packed = data.content.fences, groups = new Map(), labelled = [];
  const alert = map.shows("suspicious");
  const alerted = [];
  for (const fence of data.fences) {
    if (!map.shows("kind:" + packed.kinds[fence.index]) || !view.sees(fence.box, 4)) continue;
    const key = packed.kinds[fence.index] * 3 + map.openState(fence), size = sizePx(fence, view);
    if (!groups.has(key)) groups.set(key, { shapes: [], dots: [] });
    groups.get(key)[size < DOT_SIZE_PX ? "dots" : "shapes"].push(fence);
    if (alert && map.alertFences.has(fence.index)) alerted.push(fence);
    if (size > LABEL_SIZE_PX) labelled.push(fence);
  }
  for (const [key, group] of groups) paintGroup(map, data.content.kinds[Math.floor(key / 3)], key % 3, group);
  pen.strokeStyle = pen.fillStyle = ALERT;
  pen.lineWidth = 2.6;
  pen.beginPath();
  for (const fence of alerted) {
    if (sizePx(fence, view) >= DOT_SIZE_PX) traceFence(pen, view, fence);
    else pen.fillRect(...dotAt(view, fence, 7));
  }
  pen.stroke();
  if (map.shows("stores")) paintTies(map);
  if (map.shows("labels") && labelled.length <= LABEL_COUNT_MAX) for (const fence of labelled) paintLabel(map, fence);
}

function dotAt(view, fence, size) {
  const [west, north, east, south] = fence.box;
  return [view.toX((west + east) / 2) - size / 2, view.toY((north + south) / 2) - size / 2, size, size];
}

function paintGroup(map, kind, state, group) {
  const { pen, view } = map;
  pen.fillStyle = pen.strokeStyle = kind.colour;
  pen.globalAlpha = FILL_ALPHA[state];
  const apart = group.shapes.length <= APART_COUNT_MAX;
  for (const fence of group.shapes) {
    if (!apart) break;
    pen.beginPath();
    traceFence(pen, view, fence);
    pen.fill("nonzero");
  }
  pen.beginPath();
  for (const fence of group.shapes) traceFence(pen, view, fence);
  if (!apart) pen.fill("nonzero");
  pen.globalAlpha = 1;
  pen.lineWidth = 1.4;
  pen.setLineDash(kind.dashed ? [7, 4] : []);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = state === CLOSED ? 0.45 : 1;
  for (const fence of group.dots) pen.fillRect(...dotAt(view, fence, DOT_SIZE_PX));
  pen.globalAlpha = 1;
}

// From a store's point to the middle of its fence: boldly where the point lies outside.
function paintTies(map) {
  const { pen, view, data } = map, packed = data.content.fences;
  for (const fence of data.fences) {
    const store = data.stores[packed.stores[fence.index]];
    const away = packed.away_m[fence.index] > 0;
    if (!store || (!away && sizePx(fence, view) < 24)) continue;
    const x = (fence.box[0] + fence.box[2]) / 2, y = (fence.box[1] + fence.box[3]) / 2;
    const box = [Math.min(x, store.x), Math.min(y, store.y), Math.max(x, store.x), Math.max(y, store.y)];
    if (!view.sees(box, 0)) continue;
    pen.strokeStyle = away ? ALERT : map.inks.soft;
    pen.lineWidth = away ? 1.8 : 0.8;
    pen.setLineDash(away ? [6, 4] : []);
    strokeLine(pen, view.toX(store.x), view.toY(store.y), view.toX(x), view.toY(y));
  }
  pen.setLineDash([]);
}

function paintStores(map) {
  const { pen, view, data } = map, size = view.metrePx > 0.5 ? 6 : 3;
  // from afar they would hide the fences they stand in
  const all = view.metrePx > 0.03 || data.fences.length === 0;
  for (const store of data.stores) {
    if (!all && !map.alertStores.has(store.index)) continue;
    const x = view.toX(store.x), y = view.toY(store.y);
    if (x < -9 || y < -9 || x > view.width + 9 || y > view.height + 9) continue;
    const alert = map.shows("suspicious") && map.alertStores.has(store.index);
    const side = alert ? Math.max(size, 6) : size;
    pen.fillStyle = alert ? ALERT : map.inks.ink;
    pen.fillRect(x - side / 2, y - side / 2, side, side);
    if (side < 6) continue;
    pen.strokeStyle = map.inks.halo;
    pen.lineWidth = 1;
    pen.strokeRect(x - side / 2, y - side / 2, side, side);
  }
}

function paintLabel(map, fence) {
  const packed = map.data.content.fences, view = map.view;
  const [west, north, east] = fence.box;
  paintText(map, packed.names[fence.index] || packed.ids[fence.index],
    view.toX((west + east) / 2), Math.max(view.toY(north) - 4, 14));
}

function paintText(map, text, x, y) {
  const pen = map.pen, short = text.length > 40 ? text.slice(0, 39) + "…" : text;
  pen.font = "11.5px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "bottom";
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.strokeStyle = map.inks.halo;
  pen.strokeText(short, x, y);
  pen.fillStyle = map.inks.ink;
  pen.fillText(short, x, y);
  pen.textAlign = "left";
}

function paintMarks(map, layer) {
  for (const [x, y] of layer.places) {
    const px = map.view.toX(x), py = map.view.toY(y);
    if (px < -20 || py < -20 || px > map.view.width + 20 || py > map.view.height + 20) continue;
    paintSymbol(map.pen, layer.symbol, layer.colour, px, py, map.inks);
  }
}

// What was clicked or found: a frame around it that no fence has.
function paintSpot(map) {
  const { pen, view, spot } = map;
  pen.lineWidth = 2.5;
  pen.strokeStyle = map.inks.ink;
  for (const [west, north, east, south] of spot) {
    const width = Math.max((east - west) * view.scale + 16, 24), height = Math.max((south - north) * view.scale + 16, 24);
    pen.strokeRect(view.toX((west + east) / 2) - width / 2, view.toY((north + south) / 2) - height / 2, width, height);
  }
}

// Scale bar and north.
function paintFrame(map) {
  const { pen, view } = map, metres = roundStep(60 / view.metrePx), width = metres * view.metrePx;
  const text = metres >= 1000 ? metres / 1000 + " km" : metres >= 1 ? metres + " m" : Math.round(metres * 100) + " cm";
  const right = view.width - 16, y = view.height - 26;
  pen.strokeStyle = map.inks.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(right - width, y - 6);
  pen.lineTo(right - width, y);
  pen.lineTo(right, y);
  pen.lineTo(right, y - 6);
  pen.stroke();
  paintText(map, text, right - width / 2, y - 3);
  pen.beginPath();
  pen.moveTo(right - 8, y - 34);
  pen.lineTo(right - 2, y - 52);
  pen.lineTo(right + 4, y - 34);
  pen.closePath();
  pen.fillStyle = map.inks.ink;
  pen.fill();
  paintText(map, "N", right - 2, y - 53);
}
