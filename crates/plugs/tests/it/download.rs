use plugs::{Egress, Secret, download};

use crate::http_server::{Answer, HttpServer, answer};

fn full(status: &'static str, headers: &[&str], body: &str) -> Answer {
    Answer::Full(status, headers.iter().map(|line| (*line).to_owned()).collect(), body.to_owned())
}

/// What is fetched, and why it is not.
#[tokio::test]
async fn a_file_comes_whole_or_not_at_all() {
    let path = std::env::temp_dir().join(format!("quaylai-download-{}.csv", std::process::id()));
    let csv = "content-type: text/csv";
    let table = [
        (full("200 OK", &[csv], "0901234567\n0901234568\n"), Ok(22)),
        (full("200 OK", &[csv], ""), Ok(0)),
        (full("200 OK", &["content-type: text/html; charset=utf-8"], "<p>0901234567</p>"), Err("web page")),
        (full("200 OK", &[csv], &"0901234567\n".repeat(200)), Err("more than")),
        (Answer::Endless("200 OK"), Err("more than")),
        (full("302 Found", &["location: https://elsewhere.vn/"], ""), Err("leads to another")),
        (answer("401 Unauthorized"), Err("check the header")),
        (answer("403 Forbidden"), Err("check the header")),
        (answer("500 Internal Server Error"), Err("HTTP 500")),
        (Answer::Close, Err("broke")),
        (Answer::HalfHeaders, Err("broke")),
    ];
    for (answer, expect) in table {
        let server = HttpServer::start(answer.clone()).await;
        let url = format!("http://{}/dnc.csv", server.address);
        let key = Secret::new("khoa");
        let fetched = download(&Egress::open(), &url, Some(("x-api-key", &key)), &path, 2_048).await;
        match (fetched, expect) {
            (Ok(bytes), Ok(expect)) => {
                assert_eq!((bytes, std::fs::metadata(&path).unwrap().len()), (expect, expect), "{answer:?}");
            }
            (Err(error), Err(expect)) => {
                assert!(error.contains(expect) && !error.contains("127.0.0.1"), "{answer:?}: {error}");
            }
            (fetched, expect) => panic!("{answer:?}: {fetched:?}, not {expect:?}"),
        }
        let requests = server.requests.lock().unwrap();
        assert!(requests[0].line.starts_with("GET /dnc.csv "), "{}", requests[0].line);
        assert_eq!(requests[0].header("x-api-key"), Some("khoa"));
    }
    // The shop's own networks are out of bounds unless the workspace allows them.
    let server = HttpServer::start(full("200 OK", &[csv], "0901234567\n")).await;
    let url = format!("http://{}/dnc.csv", server.address);
    let refused = download(&Egress::default(), &url, None, &path, 2_048).await;
    assert!(refused.is_err() && server.requests.lock().unwrap().is_empty(), "{refused:?}");
    std::fs::remove_file(&path).unwrap();
}
