// Joining it: the canvas, its gestures, the player, and the panel.

class OfferMap {
  constructor(canvas, data) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.data = data;
    this.view = new View();
    this.hidden = new Set();
    this.spot = null;
    this.hover = null;
    this.timeOfTrack = null;
    this.alertFences = new Set();
    this.alertStores = new Set();
    for (const group of data.content.suspicions) {
      if (group.quiet) continue;
      for (const item of group.items) {
        for (const index of item.fences) this.alertFences.add(index);
        for (const index of item.stores) this.alertStores.add(index);
      }
    }
    this.intervals = data.content.stores.intervals.map(packed => packed === null ? null : unpackSteps(packed));
    this.setTime(data.content.time_ms);
  }
  shows(key) { return !this.hidden.has(key); }
  show(key, on) {
    if (on) this.hidden.delete(key); else this.hidden.add(key);
    this.repaint();
  }
  openState(fence) {
    const store = this.data.stores[this.data.content.fences.stores[fence.index]];
    if (!store) return UNKNOWN;
    return closureAt(this.data.content.closures, store.index, this.timeMs) ? CLOSED : this.open[store.hours];
  }
  setTime(timeMs) {
    this.timeMs = timeMs;
    this.open = openStates(this.data.content.stores, this.intervals, timeMs);
    document.getElementById("time").value = new Date(timeMs).toISOString().slice(0, 16);
    if (this.reselect) this.reselect();
    this.repaint();
  }
  setTrackTime(timeMs) {
    this.timeOfTrack = timeMs;
    document.getElementById("slider").value = timeMs;
    document.getElementById("clock").textContent = clockText(timeMs);
    this.setTime(timeMs);
  }
  resize() {
    const first = this.view.width === 1;
    this.ratio = window.devicePixelRatio || 1;
    this.view.width = this.canvas.clientWidth || 1;
    this.view.height = this.canvas.clientHeight || 1;
    this.canvas.width = Math.round(this.view.width * this.ratio);
    this.canvas.height = Math.round(this.view.height * this.ratio);
    if (first) this.showWhole();
    this.paint();
  }
  paint() {
    this.due = false;
    paintMap(this);
    if (this.hover && this.hover.track) paintAccuracy(this, this.hover.track, this.hover.fix);
  }
  // Many events, one picture a frame.
  repaint() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => this.paint());
  }
  boxOfAll() {
    const box = emptyBox();
    const take = other => { growBox(box, other[0], other[1]); growBox(box, other[2], other[3]); };
    for (const track of this.data.tracks) if (track.times.length) take(track.box);
    if (this.data.tracks.length && this.data.content.opens_on_tracks) return box;
    for (const fence of this.data.fences) take(fence.box);
    for (const store of this.data.stores) growBox(box, store.x, store.y);
    return box;
  }
  showWhole() {
    const box = this.boxOfAll();
    this.view.show(box[2] >= box[0] ? box : [-0.4, -0.3, 0.4, 0.3], 100);
    this.repaint();
  }
  goTo(boxes, leastM) {
    const box = emptyBox();
    for (const part of boxes) { growBox(box, part[0], part[1]); growBox(box, part[2], part[3]); }
    this.spot = boxes;
    this.view.show(box, leastM);
    this.repaint();
  }
  goToIndexes(fences, stores) {
    const boxes = fences.map(index => this.data.fences[index].box);
    for (const index of stores) {
      const { x, y } = this.data.stores[index];
      boxes.push([x, y, x, y]);
    }
    if (fences.length) this.select("fence", fences[0]); else if (stores.length) this.select("store", stores[0]);
    this.goTo(boxes, 250);
  }
  select(kind, index) {
    this.reselect = () => showSelected(this, kind === "fence" ? describeFence(this, index) : describeStore(this, index));
    this.reselect();
  }
  // What lies under a pixel: marks and fixes before stores before fences.
  at(px, py) {
    const { view, data } = this, near = 8;
    const onTrack = this.shows("tracks") && trackAt(this, px, py);
    if (onTrack) return { ...onTrack, text: onTrack.text || fixText(this, onTrack.track, onTrack.fix) };
    for (const layer of [...data.marks].reverse()) {
      if (!this.shows("marks:" + layer.label)) continue;
      const found = layer.places.findIndex(([x, y]) => Math.hypot(view.toX(x) - px, view.toY(y) - py) < near);
      if (found >= 0 && layer.texts[found]) return { text: layer.texts[found] };
    }
    const store = this.shows("stores")
      && data.stores.find(item => Math.hypot(view.toX(item.x) - px, view.toY(item.y) - py) < near);
    if (store) return { kind: "store", index: store.index };
    const kinds = data.content.fences.kinds, shown = data.fences.filter(item => this.shows("kind:" + kinds[item.index]));
    const fence = fenceAt(shown, data.content.fences.areas_m2, view.atX(px), view.atY(py));
    return fence ? { kind: "fence", index: fence.index } : null;
  }
  tipAt(px, py) {
    const tip = document.getElementById("tip"), found = this.at(px, py), before = this.hover;
    this.hover = found;
    tip.hidden = !found;
    if ((found && found.track) || (before && before.track)) this.repaint();
    if (!found) return;
    const pairs = found.kind && (found.kind === "fence" ? describeFence : describeStore)(this, found.index);
    tip.textContent = pairs ? pairs.filter(([, value]) => value).map(pair => pair.join(": ")).join("\n") : found.text;
    tip.style.left = Math.min(px + 14, this.view.width - Math.min(340, tip.offsetWidth + 8)) + "px";
    tip.style.top = Math.max(0, Math.min(py + 14, this.view.height - tip.offsetHeight - 8)) + "px";
  }
}

function listenToPointers(map) {
  const canvas = map.canvas, down = new Map();
  let moved = 0;
  const place = event => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    map.view.zoomAt(Math.min(Math.max(Math.exp(-event.deltaY / 400), 0.4), 2.5), ...place(event));
    map.repaint();
  }, { passive: false });
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    if (down.size === 1) moved = 0;
  });
  canvas.addEventListener("pointermove", event => {
    const now = place(event), before = down.get(event.pointerId);
    if (!before) { map.tipAt(...now); return; }
    const other = [...down].find(([id]) => id !== event.pointerId);
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (other) {
      const far = Math.hypot(now[0] - other[1][0], now[1] - other[1][1]);
      const was = Math.hypot(before[0] - other[1][0], before[1] - other[1][1]);
      map.view.zoomAt(far / Math.max(was, 1), (now[0] + other[1][0]) / 2, (now[1] + other[1][1]) / 2);
      map.view.panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else map.view.panBy(now[0] - before[0], now[1] - before[1]);
    down.set(event.pointerId, now);
    map.repaint();
  });
  canvas.addEventListener("pointerup", event => {
    down.delete(event.pointerId);
    if (moved > 5 || down.size) return;
    map.tipAt(...place(event));
    const found = map.hover;
    if (found && found.kind) {
      const item = found.kind === "fence" ? map.data.fences[found.index] : map.data.stores[found.index];
      map.spot = [item.box || [item.x, item.y, item.x, item.y]];
      map.select(found.kind, found.index);
    } else if (!found) map.spot = null;
    map.repaint();
  });
  canvas.addEventListener("pointercancel", event => down.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => { document.getElementById("tip").hidden = true; });
}

function listenToKeys(map) {
  const zoom = factor => { map.view.zoomAt(factor, map.view.width / 2, map.view.height / 2); map.repaint(); };
  const keys = {
    ArrowLeft: () => map.view.panBy(80, 0), ArrowRight: () => map.view.panBy(-80, 0),
    ArrowUp: () => map.view.panBy(0, 80), ArrowDown: () => map.view.panBy(0, -80),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => map.showWhole(),
  };
  map.canvas.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    map.repaint();
  });
  document.getElementById("closer").addEventListener("click", () => zoom(1.8));
  document.getElementById("wider").addEventListener("click", () => zoom(1 / 1.8));
  document.getElementById("whole").addEventListener("click", () => map.showWhole());
}

function listenToPanel(map) {
  const search = document.getElementById("search");
  const go = found => map.goToIndexes(found.kind === "fence" ? [found.index] : [], found.kind === "store" ? [found.index] : []);
  search.addEventListener("input", () => {
    const found = searchFor(map, search.value);
    fill("found", ...found.map(item => element("li", null, itemButton(item.text, () => go(item)))));
  });
  search.addEventListener("keydown", event => {
    const [first] = searchFor(map, search.value);
    if (event.key === "Enter" && first) go(first);
  });
  document.getElementById("time").addEventListener("change", event => {
    const time = Date.parse(event.target.value + "Z");
    if (!Number.isNaN(time)) map.setTime(time);
  });
}

// map.html#fence=ID and #store=ID lead there: a link for whoever has to mend it.
function followAddress(map) {
  const [, kind, id] = /^#(fence|store)=(.+)$/.exec(location.hash) || [];
  if (!kind) return;
  const index = map.data.content[kind + "s"].ids.indexOf(decodeURIComponent(id));
  if (index >= 0) map.goToIndexes(kind === "fence" ? [index] : [], kind === "store" ? [index] : []);
}

function startPlayer(map) {
  const times = map.data.tracks.flatMap(track => track.times.length ? [track.times[0], track.times.at(-1)] : []);
  if (!times.length) return;
  const [slider, play] = ["slider", "play"].map(id => document.getElementById(id));
  const first = Math.min(...times), last = Math.max(...times);
  slider.min = first;
  slider.max = last;
  slider.value = last;
  document.getElementById("player").hidden = false;
  document.getElementById("clock").textContent = clockText(last);
  slider.addEventListener("input", () => map.setTrackTime(Number(slider.value)));
  let running = false, before = 0;
  const step = now => {
    if (!running) return;
    const speed = Number(document.getElementById("speed").value);
    const next = Math.min(last, map.timeOfTrack + (now - before) * speed);
    before = now;
    map.setTrackTime(next);
    if (next >= last) stop(); else requestAnimationFrame(step);
  };
  const stop = () => { running = false; play.textContent = "▶"; };
  play.addEventListener("click", () => {
    if (running) { stop(); return; }
    if (map.timeOfTrack === null || map.timeOfTrack >= last) map.setTrackTime(first);
    running = true;
    play.textContent = "❚❚";
    before = performance.now();
    requestAnimationFrame(step);
  });
}

function listenToTheme(map) {
  const root = document.documentElement, wanted = matchMedia("(prefers-color-scheme: dark)");
  const set = dark => { root.dataset.theme = dark ? "dark" : "light"; fillLayers(map); };
  set(wanted.matches);
  wanted.addEventListener("change", () => { set(wanted.matches); map.repaint(); });
  document.getElementById("theme").addEventListener("click", () => {
    set(root.dataset.theme !== "dark");
    map.repaint();
  });
  // paper is white
  let before = "";
  window.addEventListener("beforeprint", () => { before = root.dataset.theme; set(false); map.resize(); });
  window.addEventListener("afterprint", () => { set(before === "dark"); map.resize(); });
}

function start() {
  const data = unpackContent(JSON.parse(document.getElementById("data").textContent));
  const map = new OfferMap(document.getElementById("map"), data);
  fillPanel(map);
  listenToTheme(map);
  listenToPointers(map);
  listenToKeys(map);
  listenToPanel(map);
  startPlayer(map);
  map.resize();
  new ResizeObserver(() => map.resize()).observe(map.canvas);
  followAddress(map);
  window.addEventListener("hashchange", () => followAddress(map));
}

start();
