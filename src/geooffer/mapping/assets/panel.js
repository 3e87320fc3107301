// The panel: words about what the map shows. Every text from the data goes in as textContent, never as markup.

const FOUND_COUNT_MAX = 20, EVENT_COUNT_MAX = 500;
const AREA_UNITS = [[1e6, " km²"], [1e4, " ha"], [0, " m²"]];

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  made.append(...children);
  return made;
}

function itemButton(text, onPress) {
  const button = element("button", text);
  button.className = "item";
  button.addEventListener("click", onPress);
  return button;
}

function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

function pairsList(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) if (value) list.append(element("dt", name), element("dd", value));
  return list;
}

function describeFence(map, index) {
  const packed = map.data.content.fences, store = map.data.stores[packed.stores[index]];
  const shape = map.data.fences[index].shape, away = packed.away_m[index];
  const pairs = [
    ["fence", packed.ids[index]],
    ["name", packed.names[index]],
    ["kind", map.data.content.kinds[packed.kinds[index]].label],
    ["shape", shape.circle ? `circle, radius ${shape.circle[2] / 100} m` : polygonText(shape.parts)],
    ["area", areaText(packed.areas_m2[index])],
    ["dwell", packed.dwell_ms[index] ? packed.dwell_ms[index] / 1000 + " s" : "the policy's"],
  ];
  if (packed.unknown_stores[index]) pairs.push(["store", packed.unknown_stores[index] + " (not on this map)"]);
  if (away) pairs.push(["apart", `its store's point lies ${away.toLocaleString("en")} m outside`]);
  return store ? pairs.concat(describeStore(map, store.index)) : pairs;
}

function describeStore(map, index) {
  const packed = map.data.content.stores, entry = packed.hours[index];
  const state = ["closed", "open", "not known"][map.open[entry]];
  const faraway = map.timeMs < packed.hours_from_ms || map.timeMs >= packed.hours_until_ms;
  return [
    ["store", packed.ids[index]],
    ["store name", packed.names[index]],
    ["hours", packed.hour_texts[entry] || "unknown: no offers"],
    ["zone", packed.zones[entry]],
    ["state", `${state} at ${localText(map.timeMs, packed.zones[entry])}`
      + (faraway ? ": the page holds the hours of some days only (map --time)" : "")],
    ["closed", (map.data.content.closures[index] || []).map(closureText).join("\n")],
    ["offers", offersText(map.data.content.offers, index)],
  ];
}

function closureText(closure) {
  const forever = closure.until_ms >= 4102444800000; // 2100, the last moment the service knows
  return `${clockText(closure.from_ms)} to ${forever ? "further notice" : clockText(closure.until_ms)}: ${closure.text}`;
}

function offersText(offers, store) {
  const own = (offers.by_store[store] || []).map(number => offers.lines[number]);
  const more = (offers.counts[store] || 0) - own.length;
  if (more > 0) own.push(`and ${more} more`);
  if (offers.everywhere_count) own.push(`and ${offers.everywhere_count} of every store`);
  return own.join("\n") || "none";
}

function polygonText(parts) {
  let vertices = 0, holes = 0;
  for (const rings of parts) {
    holes += rings.length - 1;
    for (const ring of rings) vertices += ring.length;
  }
  return `polygon of ${vertices} vertices` + (parts.length > 1 ? `, ${parts.length} parts` : "")
    + (holes ? `, ${holes} hole${holes > 1 ? "s" : ""}` : "");
}

function areaText(area) {
  const [unit, name] = AREA_UNITS.find(([least]) => area >= 10 * least);
  return (area / (unit || 1)).toLocaleString("en", { maximumFractionDigits: 1 }) + name;
}

function localText(timeMs, zone) {
  const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone };
  try {
    return new Intl.DateTimeFormat("en-GB", options).format(timeMs) + " there";
  } catch (error) {
    return clockText(timeMs) + ` (this browser does not know the zone: ${error.name})`;
  }
}

function showSelected(map, pairs) {
  const list = pairsList(pairs);
  list.style.whiteSpace = "pre-line";
  fill("selected", element("h2", "Selected"), list);
}

const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function fillPanel(map) {
  const content = map.data.content;
  document.getElementById("title").textContent = content.title;
  document.getElementById("source").textContent =
    `${counted(content.fences.count, "fence")}, ${counted(content.stores.count, "store")}`
    + ` · ${content.source} · made ${content.generated}`;
  fillCards(map);
  fillSuspicions(map);
  fillEvents(map);
  fillFigures(content);
  fillLayers(map);
}

function fillCards(map) {
  const cards = map.data.content.cards.map(card => {
    const made = element("div", null, element("h3", card.title), ...card.lines.map(line => element("p", line)));
    made.className = "card";
    made.tabIndex = 0;
    made.style.borderLeftColor = card.colour;
    const go = () => {
      const [x, y] = placeOf(card.latitude_e7, card.longitude_e7, map.data.middle);
      map.goTo([[x, y, x, y]], card.span_m);
    };
    made.addEventListener("click", go);
    made.addEventListener("keydown", event => { if (event.key === "Enter") go(); });
    return made;
  });
  fill("cards", ...cards);
}

function fillSuspicions(map) {
  const groups = map.data.content.suspicions.map(group => {
    const summary = element("summary", null, element("b", group.count.toLocaleString("en")), " " + group.label);
    summary.className = group.quiet ? "quiet" : "";
    const details = element("details", null, summary);
    // a list is made when it is opened: thousands of buttons would slow the page for nobody
    details.addEventListener("toggle", () => {
      if (!details.open || details.childElementCount > 1) return;
      for (const item of group.items) details.append(itemButton(item.text, () => map.goToIndexes(item.fences, item.stores)));
      const rest = group.count - group.items.length;
      if (rest > 0) details.append(element("p", `and ${rest.toLocaleString("en")} more`));
    });
    return details;
  });
  if (map.data.fences.length === 0) groups.push(element("p", "There is no fence to draw."));
  else if (groups.length === 0) groups.push(element("p", "Nothing found."));
  fill("suspicions", element("h2", "Suspicious"), ...groups);
}

function fillEvents(map) {
  const events = map.data.tracks.flatMap(track => track.events.map(event => ({ track, event })));
  if (!events.length) return;
  events.sort((a, b) => a.event.time_ms - b.event.time_ms);
  const buttons = events.slice(0, EVENT_COUNT_MAX).map(({ track, event }) => itemButton(
    (map.data.tracks.length > 1 ? track.label + ": " : "") + event.text,
    () => {
      map.setTrackTime(track.times[event.fix]);
      map.goTo([[event.x, event.y, event.x, event.y]], 300);
    }));
  const rest = events.length - buttons.length;
  const summary = element("summary", `${events.length.toLocaleString("en")} events of the trace`);
  const details = element("details", null, summary, ...buttons);
  if (rest > 0) details.append(element("p", `and ${rest.toLocaleString("en")} more`));
  details.open = events.length <= 40;
  fill("events", element("h2", "Events"), details);
}

function fillFigures(content) {
  const parts = [], figures = Object.entries(content.figures), tallies = Object.entries(content.tallies);
  if (figures.length) parts.push(element("h2", "Figures"), pairsList(figures));
  if (tallies.length) parts.push(element("h2", content.tallies_title));
  const greatest = Math.max(...tallies.map(([, count]) => count), 1);
  for (const [name, count] of tallies) {
    const bar = element("i"), row = element("div", null, element("span", name), bar, element("b", count.toLocaleString("en")));
    bar.style.width = 100 * count / greatest + "%";
    row.className = "bar";
    parts.push(row);
  }
  fill("figures", ...parts);
}

// Layers are the legend too: a switch, a sample, a word.
function fillLayers(map) {
  const rows = [];
  const add = (key, label, sample) => {
    const box = element("input"), swatch = element("canvas"), row = element("label", null, box, swatch, label);
    box.type = "checkbox";
    box.checked = map.shows(key);
    box.addEventListener("change", () => map.show(key, box.checked));
    swatch.width = 44;
    swatch.height = 32;
    const pen = swatch.getContext("2d");
    pen.scale(2, 2);
    sample(pen);
    row.className = "layer";
    rows.push(row);
  };
  const symbol = (name, colour) => pen => paintSymbol(pen, name, colour, 11, 8, { halo: "#fff" });
  const frame = (colour, dashed, alpha) => pen => {
    pen.strokeStyle = pen.fillStyle = colour;
    pen.setLineDash(dashed ? [4, 2] : []);
    pen.globalAlpha = alpha;
    pen.fillRect(2, 2, 18, 12);
    pen.globalAlpha = 1;
    pen.strokeRect(2, 2, 18, 12);
  };
  const { content } = map.data;
  content.kinds.forEach((kind, number) => add("kind:" + number, kind.label, frame(kind.colour, kind.dashed, 0.42)));
  if (content.stores.count) add("stores", "stores; a dashed line: outside its fence", symbol("square", "#222"));
  add("suspicious", "suspicious", frame(ALERT, false, 0));
  add("labels", "names", pen => { pen.font = "11px sans-serif"; pen.fillStyle = cssValue("--ink"); pen.fillText("Aa", 4, 12); });
  for (const layer of content.lines) {
    const colour = layer.colour === "halo" ? cssValue("--line") : layer.colour;
    add("lines:" + layer.label, layer.label, pen => { pen.fillStyle = colour; pen.fillRect(1, 7, 20, 3); });
  }
  for (const layer of content.marks) add("marks:" + layer.label, layer.label, symbol(layer.symbol, layer.colour));
  if (content.tracks.length) add("tracks", "trace", pen => { pen.fillStyle = TRACK_COLOURS[0]; pen.fillRect(1, 7, 20, 2); });
  const kinds = new Set(map.data.tracks.flatMap(track => track.events.map(event => event.kind)));
  for (const kind of kinds) add("event:" + kind, kind.toLowerCase(), symbol(...(EVENT_STYLES[kind] || EVENT_STYLES.TRY)));
  fill("layers", element("h2", "Layers"), ...rows, ...verdictRows(map),
    hint("Filled: open at the chosen time. Almost empty: closed. Between: no store, or not known."));
}

function hint(text) {
  const made = element("p", text);
  made.className = "small";
  return made;
}

function verdictRows(map) {
  const counts = new Map();
  for (const track of map.data.tracks) {
    for (const verdict of track.verdicts) if (verdict) counts.set(verdict, (counts.get(verdict) || 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([verdict, count]) => {
    const name = map.data.content.verdicts[verdict], swatch = element("canvas");
    swatch.width = 44;
    swatch.height = 32;
    const pen = swatch.getContext("2d");
    pen.scale(2, 2);
    paintSymbol(pen, name === "ACCEPTED" ? "fix" : "cross", VERDICT_COLOURS[name], 11, 8, { halo: "#fff" });
    const row = element("div", null, swatch, `${name} ${count.toLocaleString("en")}`);
    row.className = "layer";
    return row;
  });
}

// Fences first, then stores; what begins with the words before what only holds them.
function searchFor(map, words) {
  const wanted = words.trim().toLowerCase(), found = [];
  if (!wanted) return found;
  for (const [kind, packed] of [["fence", map.data.content.fences], ["store", map.data.content.stores]]) {
    packed.ids.forEach((id, index) => {
      const name = packed.names[index] || "", text = name ? `${id} (${name})` : id;
      const at = Math.min(...[id, name].map(part => part.toLowerCase().indexOf(wanted)).filter(place => place >= 0));
      if (at !== Infinity) found.push({ kind, index, text: `${kind} ${text}`, at });
    });
  }
  return found.sort((a, b) => a.at - b.at).slice(0, FOUND_COUNT_MAX);
}
