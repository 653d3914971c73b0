//! Address books of our own: Radicale from the Python that `DEPESCHE_RADICALE_PYTHON` names (`scripts/test` makes it), and
//! a server that says what it is told to.

use crate::sources::{free_port, until_it_listens};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const PASSWORD: &str = "a password of the house";

pub struct Radicale {
    process: Child,
    folder: TempDir,
    pub port: u16,
}

impl Radicale {
    /// With one address book of Ada's and so many cards in it.
    pub async fn with(cards: usize) -> Option<Radicale> {
        let Some(python) = std::env::var_os("DEPESCHE_RADICALE_PYTHON").map(PathBuf::from).filter(|path| path.exists())
        else {
            println!("skipped: contacts from Radicale (DEPESCHE_RADICALE_PYTHON names no python with radicale)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let root = folder.path().display();
        let config = format!(
            "[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {root}/users\n\
             htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {root}/storage\n"
        );
        std::fs::write(folder.path().join("config"), config).expect("written");
        std::fs::write(folder.path().join("users"), format!("ada:{PASSWORD}\n")).expect("written");
        let process = Command::new(python)
            .args(["-m", "radicale", "--config"])
            .arg(folder.path().join("config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("radicale runs");
        let radicale = Radicale { process, folder, port };
        radicale.make_book("book");
        for nth in 0..cards {
            radicale.put(&format!("{nth}.vcf"), &card(nth, "Lovelace"));
        }
        until_it_listens(port).await;
        Some(radicale)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn make_book(&self, name: &str) {
        std::fs::create_dir_all(self.book(name)).expect("a folder");
        let props = r#"{"tag": "VADDRESSBOOK", "D:displayname": "Kunden"}"#;
        std::fs::write(self.book(name).join(".Radicale.props"), props).expect("written");
    }

    pub fn put(&self, name: &str, card: &str) {
        std::fs::write(self.book("book").join(name), card).expect("written");
    }

    pub fn delete(&self, name: &str) {
        std::fs::remove_file(self.book("book").join(name)).expect("it was there");
    }

    fn book(&self, name: &str) -> PathBuf {
        self.folder.path().join("storage/collection-root/ada").join(name)
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn card(nth: usize, name: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{nth}\r\nFN:Ada {name} {nth}\r\nN:{name} {nth};Ada;;;\r\n\
         TEL;TYPE=CELL:+1 555 01{nth:05}\r\nEND:VCARD\r\n"
    )
}

/// A server that answers what it is told, and notes what it was asked.
pub struct Said {
    pub port: u16,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Said {
    /// `answer`: from head and body of a request to all the bytes that are sent back before the line ends.
    pub async fn by(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Said {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noted, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut socket = socket;
                    let request = read(&mut socket).await;
                    let bytes = answer(&request);
                    noted.lock().expect("no panic here").push(request);
                    let _ = socket.write_all(&bytes).await;
                    let _ = socket.shutdown().await;
                });
            }
        });
        Said { port, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// A 207 with this document.
pub fn multistatus(document: &str) -> Vec<u8> {
    response("207 Multi-Status", document)
}

pub fn response(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn read(socket: &mut TcpStream) -> String {
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.trim().parse().expect("a number")) {
                return text;
            }
        }
        match socket.read(&mut part).await.unwrap_or(0) {
            0 => return text,
            count => all.extend_from_slice(&part[..count]),
        }
    }
}
