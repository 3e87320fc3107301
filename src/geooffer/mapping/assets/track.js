// A trace: its path, fixes by verdict, what happened on it, and the player that walks it again.

const TRACK_COLOURS = ["#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const EVENT_STYLES = {
  ENTER: ["up", "#009e73"], DWELL: ["square", "#cc79a7"], EXIT: ["down", "#e69f00"], TRY: ["diamond", "#7a7f87"],
  OFFER: ["star", "#f0e442"],
};
const VERDICT_COLOURS = {
  MALFORMED: "#000000", SHED: "#e69f00", NO_CONSENT: "#cc79a7", ACCURACY_TOO_COARSE: "#d55e00",
  EXCLUSION_ZONE: "#cc79a7", DUPLICATE: "#7a7f87", FUTURE_FIX: "#e69f00", STALE_FIX: "#7a7f87",
  SUSPECT_JUMP: "#d55e00", ACCEPTED: "#56b4e9",
};
const LATER_ALPHA = 0.22, FIX_SPACING_PX = 8;

function paintTrack(map, track, number) {
  const { pen, view, timeOfTrack } = map, flat = track.flat;
  if (!track.times.length || !view.sees(track.box, 40)) return;
  const done = timeOfTrack === null ? track.times.length : countUntil(track.times, timeOfTrack);
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.strokeStyle = TRACK_COLOURS[number % TRACK_COLOURS.length];
  paintStretch(map, flat, Math.max(done - 1, 0), track.times.length, LATER_ALPHA);
  paintStretch(map, flat, 0, done, 0.9);
  paintFixes(map, track, done);
  for (const event of track.events) {
    pen.globalAlpha = event.fix < done ? 1 : LATER_ALPHA;
    const [symbol, colour] = EVENT_STYLES[event.kind] || EVENT_STYLES.TRY;
    if (map.shows("event:" + event.kind)) {
      paintSymbol(pen, symbol, colour, view.toX(event.x) + 15 * event.slot, view.toY(event.y) - 11, map.inks);
    }
  }
  pen.globalAlpha = 1;
  if (timeOfTrack !== null && done > 0) {
    pen.strokeStyle = map.inks.ink;
    pen.beginPath();
    pen.arc(view.toX(flat[2 * done - 2]), view.toY(flat[2 * done - 1]), 8, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function paintStretch(map, flat, from, until, alpha) {
  if (until - from < 2) return;
  map.pen.globalAlpha = alpha;
  map.pen.beginPath();
  tracePath(map.pen, map.view, flat.subarray(2 * from, 2 * until));
  map.pen.stroke();
  map.pen.globalAlpha = 1;
}

// Fixes that were accepted are dots, the others crosses; where they crowd, only the others stay.
function paintFixes(map, track, done) {
  const { pen, view, data } = map;
  let lastX = -1e9, lastY = -1e9;
  for (let i = 0; i < track.times.length; i++) {
    const x = view.toX(track.flat[2 * i]), y = view.toY(track.flat[2 * i + 1]);
    if (x < -9 || y < -9 || x > view.width + 9 || y > view.height + 9) continue;
    const verdict = data.content.verdicts[track.verdicts[i]], good = !verdict || verdict === "ACCEPTED";
    if (good && Math.hypot(x - lastX, y - lastY) < FIX_SPACING_PX) continue;
    if (good) [lastX, lastY] = [x, y];
    pen.globalAlpha = i < done ? 1 : LATER_ALPHA;
    paintSymbol(pen, good ? "fix" : "cross", VERDICT_COLOURS[verdict] || VERDICT_COLOURS.ACCEPTED, x, y, map.inks);
  }
  pen.globalAlpha = 1;
}

// How many of ascending numbers are at most `value`.
function countUntil(numbers, value) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

const OUTLINES = {
  up: [[0, -8], [7, 5], [-7, 5]], down: [[0, 8], [7, -5], [-7, -5]], square: [[-5, -5], [5, -5], [5, 5], [-5, 5]],
  diamond: [[0, -6], [5, 0], [0, 6], [-5, 0]],
  star: [...Array(10).keys()].map(i => [Math.sin(i * Math.PI / 5) * (i % 2 ? 4 : 9), -Math.cos(i * Math.PI / 5) * (i % 2 ? 4 : 9)]),
};

function paintSymbol(pen, symbol, colour, x, y, inks) {
  pen.fillStyle = colour;
  pen.strokeStyle = "#222";
  pen.lineWidth = 1;
  pen.beginPath();
  if (symbol === "cross") {
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.moveTo(x - 4, y - 4);
    pen.lineTo(x + 4, y + 4);
    pen.moveTo(x + 4, y - 4);
    pen.lineTo(x - 4, y + 4);
    pen.stroke();
  } else if (OUTLINES[symbol]) {
    for (const [dx, dy] of OUTLINES[symbol]) pen.lineTo(x + dx, y + dy);
    pen.closePath();
    pen.fill();
    pen.stroke();
  } else if (symbol === "dot" || symbol === "fix") {
    pen.arc(x, y, symbol === "fix" ? 3.4 : 3.2, 0, 2 * Math.PI);
    pen.fill();
    if (symbol === "fix") pen.stroke();
  } else {
    pen.arc(x, y, 11, 0, 2 * Math.PI);
    pen.strokeStyle = inks.halo;
    pen.lineWidth = 3;
    pen.stroke();
    pen.fill();
    pen.fillStyle = "#fff";
    pen.font = "700 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(symbol, x, y + 0.5);
  }
}

// The fix or event nearest to a pixel, with its words; null where none is near.
function trackAt(map, px, py) {
  let best = null, bestDistance = 9;
  const near = (x, y, found) => {
    const distance = Math.hypot(x - px, y - py);
    if (distance < bestDistance) [best, bestDistance] = [found, distance];
  };
  for (const track of map.data.tracks) {
    for (const event of track.events) {
      if (!map.shows("event:" + event.kind)) continue;
      near(map.view.toX(event.x) + 15 * event.slot, map.view.toY(event.y) - 11, { text: event.text });
    }
    for (let i = 0; i < track.times.length; i++) {
      near(map.view.toX(track.flat[2 * i]), map.view.toY(track.flat[2 * i + 1]), { track, fix: i });
    }
  }
  return best;
}

function fixText(map, track, i) {
  const accuracy = track.accuracies[i] ? "± " + track.accuracies[i] / 100 + " m" : "accuracy not known";
  const verdict = map.data.content.verdicts[track.verdicts[i]] || "verdict not known";
  return `${track.label}, fix ${i + 1}\n${clockText(track.times[i])}\n${accuracy}\n${verdict}`;
}

// The circle within which the phone believed to be (68 %; the service reckons 50 m where it is not known).
function paintAccuracy(map, track, i) {
  const { pen, view } = map, x = track.flat[2 * i], y = track.flat[2 * i + 1];
  pen.beginPath();
  pen.arc(view.toX(x), view.toY(y), (track.accuracies[i] || 5000) / 100 * metreAt(latitudeAt(y)) * view.scale, 0, 7);
  pen.fillStyle = pen.strokeStyle = "#56b4e9";
  pen.globalAlpha = 0.25;
  pen.fill();
  pen.globalAlpha = 1;
  pen.setLineDash(track.accuracies[i] ? [] : [4, 4]);
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.setLineDash([]);
}

const clockText = ms => new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";
