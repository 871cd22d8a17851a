//! A small HTTP server for webhooks that answers to order.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug)]
pub enum Answer {
    /// The status line's end, further header lines, the body.
    Full(&'static str, Vec<String>, String),
    /// A body that never ends.
    Endless(&'static str),
    /// Headers, the beginning of a body, and silence.
    HalfBody(&'static str),
    Hang,
    Close,
    /// The connection ends within the headers.
    HalfHeaders,
}

pub fn answer(status: &'static str) -> Answer {
    Answer::Full(status, Vec::new(), String::new())
}

pub struct Request {
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

pub struct HttpServer {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

/// What a server of a test says to a request.
pub type Judge = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

impl HttpServer {
    pub async fn start(answer: Answer) -> HttpServer {
        HttpServer::judging(move |_| answer.clone()).await
    }

    /// One that looks at each request before it answers, as a provider would.
    pub async fn judging(judge: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> HttpServer {
        let judge: Judge = Arc::new(judge);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = HttpServer { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let requests = server.requests.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(serve(stream, judge.clone(), requests.clone()));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?token=geheim", self.address)
    }
}

async fn serve(stream: TcpStream, judge: Judge, requests: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let answer = judge(&request);
        requests.lock().unwrap().push(request);
        let text = match &answer {
            Answer::Full(status, headers, body) => {
                let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
                format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            }
            Answer::Endless(status) => {
                let head = format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n");
                let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
                let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
                while alive {
                    alive = stream.write_all(chunk.as_bytes()).await.is_ok();
                }
                return;
            }
            Answer::HalfBody(status) => format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\nhalf"),
            Answer::HalfHeaders => "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
            Answer::Hang | Answer::Close => String::new(),
        };
        if matches!(answer, Answer::Close) || stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        match answer {
            Answer::HalfHeaders => return,
            Answer::Hang | Answer::HalfBody(_) => {
                let mut bytes = [0; 64];
                while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
                return;
            }
            _ => {}
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: lines.first()?.clone(), headers, body })
}
