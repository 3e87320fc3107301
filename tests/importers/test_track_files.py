"""PLT and GPX: what recorders write, what breaks in it, and what somebody may put into it on purpose."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.archives import read_members
from geooffer.importers.traces import SPEED_UNKNOWN, Trace
from geooffer.importers.walks import Wishes, read_walks
from geooffer.model import limits
from geooffer.model.keys import device_key
from geooffer.model.units import parse_time_ms

PLT_HEADER = (
    "Geolife trajectory\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n0,2,255,My Track,0,0,2,8421376\r\n0\r\n"
)
PLT_LINES = (
    "39.477125,75.989985,0,4096,39540.2565509259,2008-04-02,06:09:26",
    "39.477083,75.98999,0,-777,39540.2565740741,2008-04-02,06:09:28",
    "39.477053,75.98998,0,4094,39540.2567361111,2008-04-02,06:09:42",
)
MISSING = (
    "missing column user_id or device_key (a trace has user_id or device_key; tracked_at or fix_time; latitude; "
    "longitude; accuracy or accuracy_m; speed or speed_m_per_s, the last two optional)"
)
LABELS = (
    "Start Time\tEnd Time\tTransportation Mode\r\n"
    "2008/04/02 06:09:28\t2008/04/02 06:09:41\twalk\r\n"
    "2008/04/02 06:09:42\t2008/04/02 07:00:00\tbus\r\n"
)
GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="urn:x">
 <metadata><time>2020-01-01T00:00:00Z</time></metadata>
 <wpt lat="1" lon="1"><time>2026-03-03T09:00:00Z</time></wpt>
 <rte><rtept lat="2" lon="2"/></rte>
 <trk><name>a &amp; b</name>
  <trkseg>
   <trkpt lat="47.3769001" lon="8.5417000"><ele>408</ele><time>2026-03-03T10:00:00Z</time><hdop>3</hdop>
    <extensions><x:speed>1.25</x:speed><x:accuracy> 12.5 </x:accuracy></extensions></trkpt>
   <trkpt lat="47.3770001" lon="8.5418000"><time>2026-03-03T11:00:05.250+01:00</time></trkpt>
  </trkseg>
  <trkseg>
   <trkpt lat="-47.5" lon="-180"><time>2026-03-03T10:00:09</time><speed>-1</speed></trkpt>
  </trkseg>
 </trk>
</gpx>
"""


def written(tmp_path: Path, text: str | bytes, name: str) -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def plt(*lines: str) -> str:
    return PLT_HEADER + "".join(f"{line}\r\n" for line in lines)


def trace_of(*paths: Path) -> Trace:
    return read_walks(paths, Wishes()).trace


def told(trace: Trace) -> list[tuple[str, str]]:
    return [(refusal.place, refusal.reason) for _, refusal in trace.refusals]


def reason(path: Path) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        trace_of(path)
    return caught.value.message.removeprefix(f"{path}: ")


def at(text: str) -> int:
    return parse_time_ms(text)


def test_a_trajectory_of_geolife(tmp_path: Path) -> None:
    path = written(tmp_path, plt(*PLT_LINES), "010/Trajectory/20080402060926.plt")
    trace = trace_of(path)
    assert trace.fix_times_ms.tolist() == [at(f"2008-04-02T06:09:{second}Z") for second in (26, 28, 42)]
    assert trace.latitudes_e7.tolist() == [394_771_250, 394_770_830, 394_770_530]
    assert trace.longitudes_e7.tolist() == [759_899_850, 759_899_900, 759_899_800]
    assert set(trace.device_keys.tolist()) == {device_key("010")}
    assert (trace.accuracies_cm == 0).all()
    assert (trace.speeds_cm_per_s == SPEED_UNKNOWN).all()
    assert trace.refusals == []


def test_a_trajectory_by_itself_is_a_device_and_days_do_for_a_time(tmp_path: Path) -> None:
    days = "39.477125,75.989985,0,4096,39540.2565509259, 2-Apr-08, 6:09:26 AM"
    text = plt(days).replace("Geolife trajectory", "OziExplorer Track Point File Version 2.1")
    trace = trace_of(written(tmp_path, gzip.compress(text.encode()), "ride.plt.gz"))
    assert trace.device_keys.tolist() == [device_key("ride")]
    assert trace.fix_times_ms.tolist() == [at("2008-04-02T06:09:26Z")]


def test_bad_lines_of_a_trajectory_are_refused_alone(tmp_path: Path) -> None:
    bad = (
        "39.4,75.9,0",
        "91,75.9876543,0,0,39540.2,2008-04-02,06:09:26",
        "39.4,x,0,0,39540.2,2008-04-02,06:09:26",
        "",
        "39.4,75.9,0,0,39540.2,2008-13-02,06:09:26",
        "39.4,75.9,0,0,1e9,,",
        "39.4,75.9,0,0,nan,,",
    )
    trace = trace_of(written(tmp_path, plt(*bad, PLT_LINES[0]), "a.plt"))
    assert trace.fix_count == 1
    assert told(trace) == [
        ("line 7", "3 cells where a fix has 7"),
        ("line 8", "latitude: outside -90..90 degrees"),
        ("line 9", "longitude: not a number such as 47.3769"),
        ("line 11", "date and time: not an RFC 3339 time such as 2026-03-03T10:00:00Z"),
        ("line 12", "days: a time must lie between 1970 and 2100"),
        ("line 13", "days: not a number such as 47.3769"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("latitude,longitude\n1,2\n", "not PLT: its first line is not that of a GeoLife trajectory"),
        (plt().replace("WGS 84", "Pulkovo 1942"), "its second line names another datum than WGS 84"),
        (plt(), "holds no usable fix"),
        ("", "the file is empty"),
    ],
)
def test_what_is_no_trajectory_is_one_error(tmp_path: Path, text: str, why: str) -> None:
    assert reason(written(tmp_path, text, "a.plt")) == why


def packed(tmp_path: Path, name: str, files: dict[str, str]) -> Path:
    """A tar, a ZIP or a folder of files, by its name."""
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for member, text in files.items():
                opened.writestr(member, text)
    elif ".t" in name:
        with tarfile.open(path, f"w:{name.rpartition('.')[2].replace('tgz', 'gz').replace('tar', '')}") as archive:
            for member, text in files.items():
                entry = tarfile.TarInfo(member)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
    else:
        for member, text in files.items():
            written(path, text, member)
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.bz2", "a.zip", "folder"])
def test_the_twin_of_geolife_with_its_labels(tmp_path: Path, name: str) -> None:
    files = {
        "./010/labels.txt": LABELS + "no\tlabel\twalk\r\nshort\r\n",
        "./010/Trajectory/a.plt": plt(*PLT_LINES),
        "./011/Trajectory/b.plt": plt(*PLT_LINES[:2], "broken"),
        "./011/Trajectory/c.plt": "no trajectory",
        "./walks/home.gpx": GPX,
        "./010/readme.doc": "nothing",
        "./phone.csv": "user_id,fix_time,latitude,longitude\n7,2026-03-03T10:00:00Z,1,2\n7,2026-03-03T10:00:05Z,91,2\n",
        "./other.csv": "latitude,longitude\n1,2\n",
    }
    trace = trace_of(packed(tmp_path, name, files))
    assert trace.fix_count == 9
    assert trace.device_count == 4
    mine = trace.labels[trace.device_keys == device_key("010")]
    assert mine.tolist() == ["", "walk", "bus"]
    assert set(trace.labels[trace.device_keys != device_key("010")].tolist()) == {""}
    start = "folder" if name == "folder" else "."
    assert sorted(told(trace)) == sorted(
        [
            (f"{start}/010/labels.txt line 4", "start and end: not times such as 2008/03/28 14:52:54"),
            (f"{start}/010/labels.txt line 5", "1 cells where a label has 3"),
            (f"{start}/011/Trajectory/b.plt line 9", "1 cells where a fix has 7"),
            (f"{start}/011/Trajectory/c.plt", "not PLT: its first line is not that of a GeoLife trajectory"),
            (f"{start}/phone.csv line 3", "latitude: outside -90..90 degrees"),
            (f"{start}/other.csv", MISSING),
        ]
    )


def test_the_user_folder_alone_is_of_that_device(tmp_path: Path) -> None:
    packed(tmp_path, "010", {"labels.txt": LABELS, "Trajectory/a.plt": plt(*PLT_LINES)})
    trace = trace_of(tmp_path / "010")
    assert set(trace.device_keys.tolist()) == {device_key("010")}
    assert trace.labels.tolist() == ["", "walk", "bus"]


def test_the_folder_of_trajectories_alone_is_of_that_device_like_a_file_in_it(tmp_path: Path) -> None:
    file = written(tmp_path, PLT_HEADER + PLT_LINES[0], "010/Trajectory/20080402060926.plt")
    for named in (file, file.parent, file.parent.parent, tmp_path):
        assert read_walks([named], Wishes()).trace.device_keys.tolist() == [device_key("010")]


def test_the_real_trajectories(shared_data: Path) -> None:
    """Their synthetic twin is test_the_twin_of_geolife_with_its_labels."""
    trace = trace_of(shared_data / "traces" / "geolife_modes.tar.gz")
    assert trace.refusals == []
    assert trace.fix_count == 4_217
    counts = Counter(trace.device_keys.tolist())
    assert counts == {device_key("010"): 3_418, device_key("020"): 715, device_key("178"): 84}
    assert Counter(trace.labels.tolist()) == {"train": 2_360, "bike": 649, "walk": 644, "bus": 266, "taxi": 213, "": 85}


def test_a_track_of_gpx(tmp_path: Path) -> None:
    trace = trace_of(written(tmp_path, GPX, "home.gpx"))
    times = [at("2026-03-03T10:00:00Z"), at("2026-03-03T10:00:05.250Z"), at("2026-03-03T10:00:09Z")]
    assert trace.fix_times_ms.tolist() == times
    assert trace.latitudes_e7.tolist() == [473_769_001, 473_770_001, -475_000_000]
    assert trace.longitudes_e7.tolist() == [85_417_000, 85_418_000, -1_800_000_000]
    assert trace.speeds_cm_per_s.tolist() == [125, SPEED_UNKNOWN, SPEED_UNKNOWN]
    assert trace.accuracies_cm.tolist() == [1_250, 0, 0]
    assert set(trace.device_keys.tolist()) == {device_key("home")}
    assert trace.refusals == []


def test_gpx_of_other_versions_and_encodings(tmp_path: Path) -> None:
    old = GPX.replace("GPX/1/1", "GPX/1/0").replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>')
    bare = GPX.replace(' xmlns="http://www.topografix.com/GPX/1/1"', "").replace("&amp;", "Zürich")
    for name, data in (("a.gpx", old.encode("utf-16")), ("b.gpx", b"\xef\xbb\xbf" + bare.encode())):
        assert trace_of(written(tmp_path, data, name)).fix_count == 3
    packed_up = trace_of(written(tmp_path, gzip.compress(GPX.encode()), "home.gpx.gz"))
    assert packed_up.device_keys[0] == device_key("home")


def test_without_a_track_routes_and_waypoints_that_have_a_time_are_the_fixes(tmp_path: Path) -> None:
    begin, _, rest = GPX.partition(" <trk>")
    trace = trace_of(written(tmp_path, begin + rest.rpartition("</trk>")[2], "a.gpx"))
    assert (trace.fix_count, trace.latitudes_e7.tolist(), trace.refusals) == (1, [10_000_000], [])
    nothing = GPX.replace("trkpt", "wpt").replace("time>", "when>")
    assert reason(written(tmp_path, nothing, "b.gpx")) == "holds no usable fix"


def test_bad_points_of_a_track_are_refused_alone(tmp_path: Path) -> None:
    time = "<time>2026-03-03T10:00:00Z</time>"
    points = (
        f'<trkpt lat="91" lon="8.7654321">{time}</trkpt>',
        f"<trkpt lat='47'>{time}</trkpt>",
        '<trkpt lat="47" lon="8"/>',
        '<trkpt lat="47" lon="8"><time>yesterday</time></trkpt>',
        '<trkpt lat="47" lon="8"><time>1969-03-03T10:00:00Z</time></trkpt>',
        f'<trkpt lat="47" lon="8">{time}<speed>fast</speed></trkpt>',
        f'<trkpt lat="47" lon="8">{time}<accuracy>1e9</accuracy></trkpt>',
        f'<trkpt lat="47" lon="8"><time>{"9" * 100_000}</time></trkpt>',
        f'<trkpt lat="47" lon="8">{time}<speed></speed></trkpt>',
    )
    text = "<gpx>\n<trk><trkseg>\n" + "\n".join(points) + "\n</trkseg></trk>\n</gpx>\n"
    trace = trace_of(written(tmp_path, text, "a.gpx"))
    assert trace.fix_count == 1
    assert told(trace) == [
        ("line 3", "latitude: outside -90..90 degrees"),
        ("line 4", "longitude: is missing"),
        ("line 5", "time: is missing"),
        ("line 6", "time: not a time such as 2026-03-03T10:00:00Z"),
        ("line 7", "time: a time must lie between 1970 and 2100"),
        ("line 8", "speed: not a number such as 47.3769"),
        ("line 9", "accuracy: outside 0..1000000 metres"),
        ("line 10", "time: not a time such as 2026-03-03T10:00:00Z"),
    ]


def test_a_recording_that_breaks_off_gives_what_stands_before(tmp_path: Path) -> None:
    cut = GPX[: GPX.index('<trkpt lat="-47.5"') + 30]
    trace = trace_of(written(tmp_path, cut, "a.gpx"))
    assert trace.fix_count == 2
    assert told(trace) == [("line 13", "not XML from here on; what follows is not read")]


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 500}">' for n in range(9))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"<!DOCTYPE gpx [{BOMB}]><gpx><trk><name>&e8;</name></trk></gpx>", "document type"),
        ('<!DOCTYPE gpx SYSTEM "http://127.0.0.1:9/x.dtd"><gpx/>', "document type"),
        ('<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/hostname">]><gpx>&x;</gpx>', "document type"),
        ('<!DOCTYPE gpx [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><gpx/>', "document type"),
        ("<gpx>&undefined;</gpx>", "line 1: not XML from here on"),
        ("<kml/>", "not GPX: its root element is another"),
        ("lat,lon\n1,2\n", "not GPX: not XML at line 1"),
        ('<?xml version="1.0" encoding="klingon"?><gpx/>', "not GPX"),
        ("", "not GPX: not XML at line 1"),
        ("<gpx>" + "<a>" * 200_000, "not XML from here on"),
        ("<gpx><trk>" + "<trkpt>" * 50_000, "not XML from here on"),
    ],
)
def test_hostile_xml_is_harmless(tmp_path: Path, text: str, why: str) -> None:
    assert why in reason(written(tmp_path, text, "a.gpx"))


def test_archives_that_cannot_be_read_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = packed(tmp_path, "good.tar.gz", {"a.plt": plt(*PLT_LINES)})
    assert (
        reason(written(tmp_path, good.read_bytes()[:-40], "cut.tar.gz"))
        == "is not a whole tar archive that can be read"
    )
    assert reason(written(tmp_path, "no archive", "a.tar")) == "is not a whole tar archive that can be read"
    assert reason(tmp_path / "none.tgz") == "no such file or directory"
    assert reason(packed(tmp_path, "other.tar", {"a.txt": "x"})) == "holds no recording (CSV, PLT or GPX)"
    flood = packed(tmp_path, "flood.tar.gz", {"a.txt": "\0" * 2**22, "b.plt": plt(*PLT_LINES)})
    monkeypatch.setattr(limits, "FILE_SIZE_MAX_BYTES", 2**21)
    assert reason(flood) == "more than 2 MiB of text"
    folder = packed(tmp_path, "folder", {"a.plt": "x" * 2**20, "b.plt": "x" * 2**20 + "x"})
    assert reason(folder) == "more than 2 MiB of text"
    monkeypatch.setattr(limits, "TRACE_FILES_PER_ARCHIVE_COUNT_MAX", 1)
    assert reason(folder) == "more than 1 files"


def test_links_and_paths_in_an_archive_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("link.plt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        outside = tarfile.TarInfo("../../outside.plt")
        text = plt(*PLT_LINES).encode()
        outside.size = len(text)
        archive.addfile(outside, io.BytesIO(text))
    assert [name for name, _ in read_members(path, (".plt",))] == ["../../outside.plt"]
    assert trace_of(path).device_keys[0] == device_key("outside")
    assert [file.name for file in tmp_path.parent.rglob("outside*")] == []
