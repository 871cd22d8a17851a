"""Data in and out with the real program: files by the API and by the command line, kills on the way, undo, backups."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from quaylai_server import QuaylaiServer, binary, end_with_parent
from waiting import wait_until

ORDERS_MAP = {
    "source": "till",
    "currency": "USD",
    "time_zone": "UTC",
    "columns": {
        "id": "order_id", "day": "ordered_at", "who": "user_id", "code": "product_id", "name": "product_name",
        "n": "quantity", "price": "price", "city": "attribute:city",
    },
    "orders": {"cancelled_prefixes": ["C"], "not_products": ["POST"]},
}  # fmt: skip


def orders_file(orders: int, lines: int = 3) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "day", "who", "code", "name", "n", "price", "city"])
    for line in range(lines):
        # The lines of one order stand far apart.
        for n in range(orders):
            row = [f"D{n}", f"2026-01-{n % 28 + 1:02}", f"u{n % (orders // 4)}", f"p{n % 40}-{line}", "Áo", 1, "1.10", "Huế"]
            writer.writerow(row)
    return out.getvalue().encode()


def sheet(rows: list[list[str]]) -> bytes:
    """A small XLSX."""

    def cell(column: int, row: int, text: str) -> str:
        return f'<c r="{chr(65 + column)}{row}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'

    body = "".join(
        f'<row r="{n}">' + "".join(cell(c, n, text) for c, text in enumerate(row)) + "</row>" for n, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()


def upload(shop, kind: str, body: bytes, name: str = "file.csv") -> str:
    answer = shop.request("POST", f"/imports?kind={kind}&name={name}", data=body)
    assert answer.status == 201, answer
    return answer.body["id"]


def wait_for(shop, job_id: str, *states: str, deadline_s: float = 120) -> dict:
    def there():
        job = shop.get(f"/jobs/{job_id}")
        assert job["state"] in states or job["state"] != "failed", job
        return job if job["state"] in states else None

    return wait_until(there, f"{job_id} is {states}", deadline_s)


def run_import(shop, kind: str, body: bytes, mapped: dict | None = None) -> dict:
    job_id = upload(shop, kind, body)
    shop.write("POST", f"/imports/{job_id}/start", {"map": mapped} if mapped else {})
    return wait_for(shop, job_id, "completed")


def everything(server: QuaylaiServer, folder: Path) -> dict[str, list]:
    """All lists of the shop, without the instants and ids that are made anew."""
    target = folder / "everything.zip"
    target.unlink(missing_ok=True)
    server.run("export", "everything", "--out", str(target), "--json")
    with zipfile.ZipFile(target) as archive:
        return {name: [json.loads(line) for line in archive.read(name).splitlines()] for name in archive.namelist()}


def in_sum(lists: dict[str, list]) -> dict:
    return {
        "orders": sorted((o["order_id"], o["net"], o["status"], len(o["lines"])) for o in lists["orders.jsonl"]),
        "people": sorted(
            (sorted(i["value"] for i in p["identifiers"]), p["orders"], p["revenue"], p["attributes"].get("city"))
            for p in lists["profiles.jsonl"]
        ),
        "events": sorted(e["message_id"] for e in lists["events.jsonl"]),
    }


def test_people_from_a_csv_with_rejected_rows(quaylai):
    text = "Họ tên;Email;SĐT;Đồng ý nhận email\nÁnh;anh@example.com;0901234567;có\n=1+1;xau;;có\nKhông ai;;;\n"
    job_id = upload(quaylai, "profiles", text.encode(), "khach.csv")
    looked = quaylai.write("POST", f"/imports/{job_id}/preview", {})
    assert (looked["encoding"], looked["separator"]) == ("utf-8", ";")
    assert looked["suggested"]["columns"]["SĐT"] == "phone"
    refused = quaylai.request("POST", f"/imports/{job_id}/start", json={})
    assert (refused.status, refused.body["code"]) == (422, "map_unusable"), "a consent needs its source"
    mapped = {**looked["suggested"], "consent_source": "form at the till"}
    tried = quaylai.write("POST", f"/imports/{job_id}/dry-run", {"map": mapped})
    assert (tried["rows_taken"], tried["rows_rejected"], tried["new"]) == (1, 2, 1)
    assert quaylai.profiles("email:anh@example.com") == [], "a dry run writes nothing"
    quaylai.write("POST", f"/imports/{job_id}/start", {"map": mapped})
    done = wait_for(quaylai, job_id, "completed")
    assert done["progress"]["rows_rejected"] == 2
    profile = quaylai.profile("email:anh@example.com")
    assert ("phone", "+84901234567") in {(i["kind"], i["value"]) for i in profile["identifiers"]}
    answer = quaylai.request("GET", f"/imports/{job_id}/rejected.csv")
    assert answer.status == 200 and "'=1+1" in answer.body and "identifier_malformed" in answer.body
    quaylai.write("POST", f"/imports/{job_id}/undo", {})
    wait_for(quaylai, job_id, "undone")
    assert quaylai.profiles("email:anh@example.com") == []


def test_people_from_a_spreadsheet(quaylai):
    rows = [["Mã khách hàng", "Tên", "Số điện thoại"], ["K-1", "Bình", "912345678"], ["K-2", "Chi", ""]]
    done = run_import(quaylai, "profiles", sheet(rows))
    assert done["progress"]["rows_taken"] == 2
    profile = quaylai.profile("user_id:K-1")
    assert ("phone", "+84912345678") in {(i["kind"], i["value"]) for i in profile["identifiers"]}, "the lost zero is found"


def test_hostile_files_get_a_clear_answer(quaylai):
    def answer_to(body: bytes):
        return quaylai.request("POST", f"/imports/{upload(quaylai, 'profiles', body)}/preview", json={})

    wide = ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n1\n"
    for body, words in [(wide, "10000 columns"), (b"\x00\x01\x02", "no text"), (b"PK\x03\x04x", "cannot be read")]:
        answer = answer_to(body)
        assert (answer.status, answer.body["code"]) == (422, "file_unusable"), answer
        assert words in answer.body["detail"]
    assert quaylai.request("POST", "/imports?kind=people", data=b"a\n1\n").status == 422
    assert quaylai.request("POST", "/imports?kind=orders", data=b"").status == 400


def test_undo_leaves_no_trace_and_the_same_again_changes_nothing(make_server, tmp_path):
    server = make_server("undo")
    shop = server.start()
    shop.identify("u1", {"email": "u1@example.com", "city": "Vinh"})
    shop.settle()
    before = everything(server, tmp_path)
    body = orders_file(400)
    first = run_import(shop, "orders", body, ORDERS_MAP)
    assert first["progress"]["orders"] == 400
    once = everything(server, tmp_path)
    assert len(once["orders.jsonl"]) == 400 and once != before
    run_import(shop, "orders", body, ORDERS_MAP)
    assert everything(server, tmp_path) == once, "the same file again"
    shop.write("POST", f"/imports/{first['id']}/undo", {})
    wait_for(shop, first["id"], "undone")
    shop.settle()
    assert everything(server, tmp_path) == before, "nothing of the import is left"
    assert server.stop() == 0


def test_an_import_goes_on_after_kills(make_server, tmp_path):
    body = orders_file(3_000)
    whole = make_server("whole")
    run_import(whole.start(), "orders", body, ORDERS_MAP)
    expected = in_sum(everything(whole, tmp_path))
    assert whole.stop() == 0

    killed = make_server("killed")
    shop = killed.start()
    job_id = upload(shop, "orders", body)
    shop.write("POST", f"/imports/{job_id}/start", {"map": ORDERS_MAP})
    kills = 0
    while kills < 3:
        job = shop.get(f"/imports/{job_id}")
        if job["state"] == "completed":
            break
        if job["progress"].get("appended", 0) >= kills * 900:
            killed.kill()
            kills += 1
            shop = killed.start()
    assert kills > 0, "it was too fast to be killed"
    done = wait_for(shop, job_id, "completed")
    assert done["progress"]["appended"] == 3_000
    shop.settle()
    assert in_sum(everything(killed, tmp_path)) == expected
    assert killed.stop() == 0


def test_the_command_works_without_a_server_and_beside_one(make_server, tmp_path):
    server = make_server("command")
    server.start()
    assert server.stop() == 0
    file, mapped = tmp_path / "orders.csv", tmp_path / "map.json"
    file.write_bytes(orders_file(200))
    mapped.write_text(json.dumps(ORDERS_MAP))

    def lines(*arguments: str) -> list[dict]:
        command = [binary(), *arguments, "--data", str(server.data), "--json"]
        command += ["--database", server.database.url] if server.database else []
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=end_with_parent)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    alone = lines("import", "orders", str(file), "--map", str(mapped))[-1]
    assert (alone["state"], alone["orders"]) == ("completed", 200)
    shop = server.start()
    tried = lines("import", "orders", str(file), "--map", str(mapped), "--dry-run")[-1]
    assert (tried["new"], tried["updated"]) == (0, 200)
    assert lines("imports", "--undo", alone["import_id"])[-1]["state"] == "undone"
    assert lines("import", "orders", str(file), "--map", str(mapped))[-1]["orders"] == 200
    assert len(everything(server, tmp_path)["orders.jsonl"]) == 200
    assert shop.status()
    assert server.stop() == 0


@pytest.fixture
def restored(make_server):
    """Restores a backup into a server of its own."""

    def restore(name: str, backup: Path) -> QuaylaiServer:
        server = make_server(name)
        server.run("restore", str(backup), "--json")
        return server

    return restore


def test_a_backup_while_events_flow_and_a_restore(make_server, restored, tmp_path):
    server = make_server("backup")
    shop = server.start()
    run_import(shop, "orders", orders_file(200), ORDERS_MAP)
    for n in range(50):
        shop.track("Product Viewed", {"product_id": f"p{n}"}, userId=f"u{n}")
    backup = tmp_path / "shop.backup"
    running = subprocess.Popen(
        [binary(), "backup", str(backup), "--data", str(server.data), "--json"]
        + (["--database", server.database.url] if server.database else []),
        stdout=subprocess.PIPE,
        preexec_fn=end_with_parent,
    )
    flowing = 0
    while running.poll() is None:
        shop.track("Product Viewed", {"product_id": "p1"}, userId="u1")
        flowing += 1
    assert running.returncode == 0 and backup.exists() and flowing > 0
    running.stdout.close()
    again = restored("restored", backup)
    other = again.start()
    other.settle()
    lists = everything(again, tmp_path)
    assert len(lists["orders.jsonl"]) == 200
    names = [event["event"] for event in lists["events.jsonl"]]
    assert 50 <= names.count("Product Viewed") <= 50 + flowing
    other.track("Product Viewed", {"product_id": "after"}, userId="u1")
    other.settle()
    refused = subprocess.run(
        [binary(), "restore", str(backup), "--data", str(again.data)], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode != 0 and "--force" in refused.stderr, "a server runs there"
    damaged = tmp_path / "damaged.backup"
    bytes_of = bytearray(backup.read_bytes())
    bytes_of[len(bytes_of) // 2] ^= 0xFF
    damaged.write_bytes(bytes_of)
    refused = subprocess.run(
        [binary(), "restore", str(damaged), "--data", str(tmp_path / "new")], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode != 0 and not (tmp_path / "new").exists()
    assert again.stop() == 0
    assert server.stop() == 0


def test_lists_and_backups_by_the_api(quaylai):
    run_import(quaylai, "profiles", "user_id,name\nexport-1,=HYPERLINK()\n".encode(), {"columns": {"user_id": "user_id", "name": "attribute:name"}})
    job = quaylai.write("POST", "/exports", {"list": "profiles", "format": "csv", "columns": ["user_id", "attribute:name"]})
    wait_for(quaylai, job["id"], "completed")
    answer = quaylai.request("GET", f"/exports/{job['id']}/download")
    assert answer.status == 200 and "export-1,'=HYPERLINK()" in answer.body
    assert quaylai.request("DELETE", f"/exports/{job['id']}").status == 204
    job = quaylai.write("POST", "/backups", {})
    wait_for(quaylai, job["id"], "completed")
    answer = quaylai.request("GET", f"/backups/{job['id']}/download")
    assert answer.status == 200
    assert {j["kind"] for j in quaylai.all("/jobs")} >= {"import", "backup"}
    assert quaylai.request("DELETE", f"/backups/{job['id']}").status == 204
