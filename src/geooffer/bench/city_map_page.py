"""The map's page around its SVG: layout, colours, and the script that pans, zooms and switches layers."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>geooffer demo city</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { font: 14px/1.45 system-ui, sans-serif; color: #212529; }
body { margin: 0; display: grid; grid-template-columns: minmax(0, 1fr) 380px; height: 100vh; }
#map { width: 100%; height: 100vh; background: #e9ecef; cursor: grab; touch-action: none; }
aside { overflow-y: auto; padding: 18px 20px 40px; border-left: 1px solid #ced4da; background: #fff; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 13px; margin: 22px 0 8px; color: #495057; }
h3 { font-size: 14px; margin: 0 0 4px; display: flex; gap: 8px; align-items: center; }
h3 b { flex: none; width: 22px; height: 22px; border-radius: 50%; text-align: center;
  background: var(--colour); color: #fff; }
p { margin: 0 0 4px; } .small { color: #868e96; font-size: 12px; }
dl { display: grid; grid-template-columns: auto auto; gap: 2px 12px; margin: 0; }
dt { color: #495057; } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
article { border: 1px solid #dee2e6; border-left: 4px solid var(--colour); border-radius: 6px;
  padding: 10px 12px; margin: 0 0 8px; cursor: pointer; }
article:hover { background: #f8f9fa; }
.bar { display: grid; grid-template-columns: 168px 1fr 56px; align-items: center; gap: 6px; font-size: 11px; }
.bar i { height: 9px; background: #adb5bd; border-radius: 2px; min-width: 1px; } .bar b { text-align: right; }
ul { list-style: none; padding: 0; margin: 0; columns: 2; }
li i { display: inline-block; width: 12px; height: 12px; margin-right: 7px; border-radius: 3px; }
label { display: block; } button { font: inherit; margin-top: 8px; }
.street { fill: none; stroke: #fff; stroke-width: 13; stroke-linejoin: round; }
.walk { fill: none; stroke: #4263eb; stroke-width: 1.2; opacity: .07; stroke-linejoin: round; }
.arcade { fill: #868e96; fill-opacity: .13; fill-rule: evenodd; stroke: #868e96; stroke-width: 2;
  stroke-dasharray: 8 5; }
.fence { fill-opacity: .42; stroke-width: 1.6; } .fence:hover { fill-opacity: .8; }
.offer { fill: #fab005; stroke: #5c3c00; stroke-width: 1.6; } .held { fill: #495057; opacity: .5; }
.story { fill: none; stroke-width: 5; opacity: .85; stroke-linejoin: round; pointer-events: none; }
circle.pin { stroke: #fff; stroke-width: 4; } text.pin { fill: #fff; font: 700 20px system-ui, sans-serif;
  text-anchor: middle; }
@media (max-width: 900px) { body { grid-template-columns: 1fr; height: auto; } #map { height: 65vh; } }
</style></head><body>
<svg id="map" viewBox="{{view_box}}" preserveAspectRatio="xMidYMid meet">
{{layers}}
</svg>
<aside>
<h1>geooffer: a morning in the demo city</h1>
<p class="small">Streets, shops, brands and people are synthetic. Scroll to zoom, drag to move,
point at a fence or an offer to read it.</p>
<h2>Three customers</h2>{{stories}}
<h2>The run</h2><dl>{{figures}}</dl>
<h2>Attempts to find an offer, by verdict</h2>{{tries}}
<h2>Layers</h2>
<label><input type="checkbox" data-layer="walks" checked> walks</label>
<label><input type="checkbox" data-layer="fences" checked> fences</label>
<label><input type="checkbox" data-layer="offers" checked> offers (yellow)</label>
<label><input type="checkbox" data-layer="held" checked> held back although wanted (grey)</label>
<label><input type="checkbox" data-layer="stories" checked> the three customers</label>
<button id="whole">Whole city</button>
<h2>Shops</h2><ul>{{kinds}}</ul>
</aside>
<script>
"use strict";
const map = document.getElementById("map"), whole = map.getAttribute("viewBox").split(" ").map(Number);
let box = whole.slice();
const show = next => { box = next; map.setAttribute("viewBox", box.join(" ")); };
const scale = () => Math.max(box[2] / map.clientWidth, box[3] / map.clientHeight);
const at = event => {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
  return [point.x, point.y];
};
map.addEventListener("wheel", event => {
  event.preventDefault();
  const [x, y] = at(event), factor = Math.min(Math.max(Math.exp(event.deltaY / 500), 0.5), 2);
  const width = Math.min(Math.max(box[2] * factor, 60), whole[2] * 2), ratio = width / box[2];
  show([x - (x - box[0]) * ratio, y - (y - box[1]) * ratio, width, box[3] * ratio]);
}, { passive: false });
map.addEventListener("pointermove", event => {
  const [dx, dy] = [event.movementX * scale(), event.movementY * scale()];
  if (event.buttons & 1) show([box[0] - dx, box[1] - dy, box[2], box[3]]);
});
document.querySelectorAll("article").forEach(card => card.addEventListener("click", () => {
  const width = 420, height = width * whole[3] / whole[2];
  show([Number(card.dataset.x) - width / 2, Number(card.dataset.y) - height / 2, width, height]);
}));
document.querySelectorAll("[data-layer]").forEach(box_ => box_.addEventListener("change", () => {
  document.getElementById("layer-" + box_.dataset.layer).style.display = box_.checked ? "" : "none";
}));
document.getElementById("whole").addEventListener("click", () => show(whole.slice()));
</script></body></html>
"""
