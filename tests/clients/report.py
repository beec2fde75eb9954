"""The page of a model in a real browser: nothing is fetched, nothing fails, all is drawn inside its frame, in light and in dark, whatever the names."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg

WORK = Path(os.environ["WORK"])
BROWSER = next((path for path in map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]) if path), None)
assert BROWSER, "a test needs Chromium or Chrome"

# Looks at the page in a frame of its own and writes what it saw where --dump-dom finds it.
LOOK = """<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><iframe id="f" src="%s" style="width:%dpx;height:900px"></iframe><pre id="seen"></pre><script>
window.onerror = (m) => { errors.push(String(m)); };
const errors = [];
document.getElementById("f").onload = () => {
  const w = document.getElementById("f").contentWindow, d = w.document;
  const seen = {errors, title: d.title, scripts: d.scripts.length, fetched: w.performance.getEntriesByType("resource").length,
    charts: 0, outside: [], wide: d.documentElement.scrollWidth > d.documentElement.clientWidth + 1,
    ink: w.getComputedStyle(d.body).color, paper: w.getComputedStyle(d.body).backgroundColor, text: d.body.innerText, fills: [], overlapping: 0};
  for (const svg of d.querySelectorAll("figure svg")) {
    seen.charts++;
    const frame = svg.getBoundingClientRect();
    for (const t of svg.querySelectorAll("text")) {
      const box = t.getBoundingClientRect();
      if (box.width > 0 && (box.left < frame.left - 3 || box.right > frame.right + 3 || box.top < frame.top - 3 || box.bottom > frame.bottom + 3))
        seen.outside.push(t.textContent.trim());
    }
    const title = svg.querySelector("text");
    if (title) seen.fills.push(w.getComputedStyle(title).fill);
  }
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
</script>"""


def browse(name, page, dark=False, width=1100):
    """What a browser sees of a page."""
    file, look = WORK / f"{name}.html", WORK / f"{name}.look.html"
    file.write_text(page, encoding="utf-8")
    look.write_text(LOOK % (file.name, width), encoding="utf-8")
    mode = ["--blink-settings=preferredColorScheme=0"] if dark else ["--blink-settings=preferredColorScheme=1"]
    run = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--allow-file-access-from-files", f"--user-data-dir={WORK}/browser",
         "--virtual-time-budget=10000", "--window-size=1200,1000", "--enable-logging=stderr", *mode, "--dump-dom", look.as_uri()],
        capture_output=True, text=True, timeout=180, check=False)
    found = re.search(r'<pre id="seen">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found and found[1], f"the browser did not come to an end: {run.stdout[:300]} {run.stderr[-2000:]}"
    seen = json.loads(html.unescape(found[1]))
    assert "CONSOLE" not in run.stderr, re.findall(r".*CONSOLE.*", run.stderr)
    assert seen["errors"] == [] and seen["scripts"] == 0 and seen["fetched"] == 0, seen
    assert seen["outside"] == [], f"{name}: outside of their charts: {seen['outside']}"
    assert not seen["wide"], f"{name}: the page is wider than its window"
    return seen


def brightness(color):
    return sum(map(float, re.findall(r"[\d.]+", color)[:3])) / 3


db = psycopg.connect(autocommit=True)
db.execute((Path(__file__).parent.parent / "lib" / "clicks.sql").read_text())
db.execute("""CREATE TABLE named AS SELECT device AS "设备类型与操作系统的名称", hour AS "ساعة اليوم في التوقيت المحلي", ad_id::text AS "an ad's <b>very</b> & long name of a column", bid AS "b",
    shown_at AS "זמן", CASE WHEN clicked THEN 'نعم' ELSE '不是' END AS "点击" FROM clicks""")
db.execute("SELECT orchard.train('plain', 'SELECT device, hour, bid, shown_at, clicked FROM clicks', 'clicked', 'gradient_boosting', '{\"n_estimators\": 30, \"importance\": true}')")
db.execute("SELECT orchard.train('named', 'named', '点击', 'gradient_boosting', '{\"n_estimators\": 30, \"positive_class\": \"نعم\"}')")
db.execute("SELECT orchard.train('number', 'SELECT device, hour, shown_at, bid FROM clicks WHERE bid IS NOT NULL', 'bid', 'random_forest', '{\"n_estimators\": 5, \"max_depth\": 6}')")
db.execute("SELECT orchard.train('classes', 'SELECT hour, bid, device FROM clicks', 'device', 'decision_tree', '{\"max_depth\": 3}')")
db.execute("SELECT orchard.train('groups', 'SELECT hour, bid, device FROM clicks WHERE bid IS NOT NULL', options => '{\"n_clusters\": 5}')")


def report(model):
    page = db.execute("SELECT orchard.report(%s)", (model,)).fetchone()[0]
    assert len(page.encode()) < 1_000_000
    return page


expected = {"plain": 10, "named": 10, "number": 7, "classes": 9, "groups": 2}
for model, charts in expected.items():
    seen = browse(model, report(model))
    assert seen["title"].startswith(model), seen["title"]
    assert seen["charts"] >= charts, (model, seen["charts"])
    assert brightness(seen["paper"]) > 240 and brightness(seen["ink"]) < 60, (seen["paper"], seen["ink"])
    first = "Who they are" if model == "groups" else "How good it is"
    for part in [first, "Metrics", "When not to use it", "How it was made"]:
        assert part in seen["text"], part
    # Charts and page change together.
    dark = browse(f"{model}-dark", report(model), dark=True)
    assert brightness(dark["paper"]) < 40 and brightness(dark["ink"]) > 200, (dark["paper"], dark["ink"])
    assert all(brightness(fill) > 200 for fill in dark["fills"]) and all(brightness(fill) < 60 for fill in seen["fills"])
    if model == "named":
        browse(f"{model}-narrow", report(model), width=380)
    print(model, seen["charts"], "charts")

# Names come through whole.
seen = browse("named", report("named"))
for name in ["设备类型与操作系统的名称", "ساعة اليوم في التوقيت المحلي", "an ad's <b>very</b> & long name of a column", "زמן"[2:], "نعم"]:
    assert name in seen["text"], name

# A chart by itself is a picture.
for kind in ["lift", "roc_curve", "calibration", "importance", "shap", "learning_curve"]:
    svg = db.execute("SELECT orchard.plot('plain', %s)", (kind,)).fetchone()[0]
    seen = browse(f"chart-{kind}", f"<!DOCTYPE html><meta charset=utf-8><title>x</title><body><figure>{svg}</figure>")
    assert seen["charts"] == 1
