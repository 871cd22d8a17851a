//! Files of orders and of people, taken in by the real command on an empty data folder, and taken back.

use crate::clock;
use crate::figures::rounded;
use crate::modes::summary;
use crate::server::Setup;
use anyhow::{Context, Result, ensure};
use demo::Person;
use kit::{DAY_MS, Rng, Timestamp};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of a command took.
struct Ran {
    seconds: f64,
    peak_mib: Option<f64>,
    cpu_s: f64,
    /// The last line that it printed.
    told: Value,
}

/// `rows` lines of orders and as many people. With SQLite each run has a folder of its own; with PostgreSQL they
/// follow each other in one database, each taken back before the next.
pub fn measure(setup: &Setup, seed: u64, rows: u64, runs: usize) -> Result<Value> {
    std::fs::create_dir_all(&setup.data)?;
    let now = clock::wall();
    let (orders, people) = (setup.data.join("bench-orders.csv"), setup.data.join("bench-profiles.csv"));
    let order_count = write_orders(&orders, seed, now, rows)?;
    write_people(&people, seed, rows)?;
    let mut figures = serde_json::Map::new();
    for (kind, file) in [("orders", &orders), ("profiles", &people)] {
        let mut measured = Vec::new();
        for run in 0..runs {
            let folder = setup.data.join(format!("import-{kind}-{run}"));
            let its = Setup { data: folder.clone(), ..setup.clone() };
            measured.push(once(&its, kind, file, rows)?);
            std::fs::remove_dir_all(&folder)?;
        }
        let bytes = std::fs::metadata(file)?.len();
        let about =
            json!({ "n": rows, "file_bytes": bytes, "orders": (kind == "orders").then_some(order_count) });
        figures.insert(kind.into(), summary(&measured, about));
    }
    Ok(figures.into())
}

fn once(setup: &Setup, kind: &str, file: &Path, rows: u64) -> Result<Value> {
    // The folder is made first: a shop that imports has one.
    run(setup, &["migrate", "--json"])?;
    let map = setup.data.join("bench-map.json");
    std::fs::write(&map, map_of(kind).to_string())?;
    let (map, file) = (path_text(&map), path_text(file));
    let taken = run(setup, &["import", kind, &file, "--map", &map, "--json"])?;
    let told = |name: &str| taken.told[name].as_u64();
    ensure!(told("rows_taken") == Some(rows), "not all rows were taken: {}", taken.told);
    let id = taken.told["import_id"].as_str().context("an import without id")?.to_owned();
    let store_bytes = std::fs::metadata(setup.data.join("quaylai.sqlite3")).map(|found| found.len()).ok();
    let undone = run(setup, &["imports", "--undo", &id, "--json"])?;
    Ok(json!({
        "seconds": rounded(taken.seconds),
        "rate": (rows as f64 / taken.seconds).round(),
        "peak_mib": taken.peak_mib,
        "cpu_s": rounded(taken.cpu_s),
        "store_bytes": store_bytes,
        "undo_s": rounded(undone.seconds),
        "undo_peak_mib": undone.peak_mib,
        "undone": undone.told["undo_total"],
    }))
}

/// Runs the command and watches its memory.
fn run(setup: &Setup, arguments: &[&str]) -> Result<Ran> {
    let log = setup.data.with_extension("log");
    let out = setup.data.with_extension("out");
    if let Some(parent) = setup.data.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let before = children_cpu_s();
    let started = clock::now();
    let mut child = Command::new(&setup.binary)
        .args(arguments)
        .args(setup.common())
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&log)?)
        .spawn()
        .with_context(|| format!("starting {}", setup.binary.display()))?;
    let mut peak = None;
    let status = loop {
        peak = crate::server::memory_of(child.id())["high_water_mib"].as_f64().or(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        clock::rest(10);
    };
    let seconds = clock::seconds_since(started);
    let printed = std::fs::read_to_string(&out)?;
    let complaint = std::fs::read_to_string(&log)?;
    ensure!(status.success(), "`quaylai {}` ended with {status}: {complaint}", arguments.join(" "));
    let told = printed.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    for path in [out, log] {
        std::fs::remove_file(path)?;
    }
    Ok(Ran { seconds, peak_mib: peak, cpu_s: children_cpu_s() - before, told })
}

/// User and system time of the processes that this one started and saw end, in seconds.
fn children_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| after.split_whitespace().nth(at).and_then(|n| n.parse::<f64>().ok());
    (ticks(13).unwrap_or(0.0) + ticks(14).unwrap_or(0.0)) / 100.0
}

fn path_text(path: &Path) -> String {
    PathBuf::from(path).to_string_lossy().into_owned()
}

fn map_of(kind: &str) -> Value {
    match kind {
        "orders" => json!({
            "source": "bench",
            "columns": {
                "ma_don": "order_id", "ngay": { "to": "ordered_at", "dates": "ymd" }, "ma_kh": "user_id",
                "email": "email", "ma_sp": "product_id", "ten_sp": "product_name", "danh_muc": "category",
                "gia": "price", "so_luong": "quantity", "trang_thai": "status",
            },
        }),
        _ => json!({
            "consent_source": "bench: tờ khai tại quầy",
            "columns": {
                "ma_kh": "user_id", "ho_ten": "attribute:name", "email": "email", "dien_thoai": "phone",
                "ngay_sinh": { "to": "attribute:birthday", "type": "date", "dates": "ymd" },
                "gioi_tinh": "attribute:gender", "tinh": "attribute:city", "diem": { "to": "attribute:points", "type": "number" },
                "nhan_email": "consent:email.marketing",
            },
        }),
    }
}

/// One line a product, about 2.5 to an order and 4 orders to a customer. Returns the number of orders.
fn write_orders(path: &Path, seed: u64, now: Timestamp, rows: u64) -> Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "ma_don,ngay,ma_kh,email,ma_sp,ten_sp,danh_muc,gia,so_luong,trang_thai")?;
    let products = demo::catalogue();
    let mut rng = Rng::seeded(seed ^ 0x696D_706F_7274);
    let customers = (rows / 10).max(1);
    let (mut written, mut order) = (0, 0);
    let from = now.plus_ms(-540 * DAY_MS);
    while written < rows {
        order += 1;
        let at = from.plus_ms((540.0 * DAY_MS as f64 * written as f64 / rows as f64) as i64);
        let at = jiff::Timestamp::from_millisecond(at.ms())?.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let customer = rng.below(customers);
        let status = if rng.chance(0.04) { "cancelled" } else { "completed" };
        let lines = (1 + rng.below(4)).min(rows - written);
        let first = rng.below(products.len() as u64) as usize;
        for line in 0..lines {
            let product = &products[(first + line as usize * 7) % products.len()];
            writeln!(
                file,
                "HD{order:08},{at},KH{:07},khach{customer}@khach.example.com,{},\"{}\",\"{}\",{},{},{status}",
                customer + 1,
                product.product_id,
                product.name,
                product.category_title,
                product.price_minor,
                1 + rng.below(2),
            )?;
        }
        written += lines;
    }
    file.flush()?;
    Ok(order)
}

fn write_people(path: &Path, seed: u64, rows: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "ma_kh,ho_ten,email,dien_thoai,ngay_sinh,gioi_tinh,tinh,diem,nhan_email")?;
    for no in 0..rows {
        let person = Person::of(seed, no);
        let text = |told: &Option<String>| told.clone().unwrap_or_default();
        let agrees = person.email.is_some() && !person.consents.is_empty();
        writeln!(
            file,
            "{},\"{}\",{},{},{},{},\"{}\",{},{}",
            person.user_id,
            person.name,
            text(&person.email),
            text(&person.phone),
            text(&person.birthday),
            if person.is_female { "nữ" } else { "nam" },
            person.province,
            no % 5_000,
            if agrees { "yes" } else { "" },
        )?;
    }
    Ok(file.flush()?)
}
