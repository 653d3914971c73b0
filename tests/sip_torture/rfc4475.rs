//! The 49 messages of RFC 4475, over UDP and TCP: each is answered as the RFC allows, none stops the endpoint.

use crate::house::{House, UdpPeer, read_to_end, status, unpaced};
use depesche::sip::message::Transport;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What an element that serves MESSAGE, OPTIONS and REGISTER may say; 0 is silence.
const ALLOWED: [(&str, &[u16]); 49] = [
    ("wsinv", &[405]),
    ("intmeth", &[405]),
    ("esc01", &[405]),
    ("escnull", &[401]),
    ("esc02", &[405]),
    ("lwsdisp", &[200]),
    ("longreq", &[405]),
    ("dblreq", &[401]),
    ("semiuri", &[200]),
    ("transports", &[200]),
    ("mpart01", &[415]),
    ("unreason", &[0]),
    ("noreason", &[0]),
    ("badinv01", &[400, 0]),
    ("clerr", &[400, 0]),
    ("ncl", &[400]),
    ("scalar02", &[400]),
    ("scalarlg", &[0]),
    ("quotbal", &[400]),
    ("ltgtruri", &[400]),
    ("lwsruri", &[400]),
    ("lwsstart", &[400]),
    ("trws", &[400]),
    ("escruri", &[400]),
    ("baddate", &[405, 400]),
    ("regbadct", &[400]),
    ("badaspec", &[400]),
    ("baddn", &[400, 200]),
    ("badvers", &[505]),
    ("mismatch01", &[400]),
    ("mismatch02", &[400, 501]),
    ("bigcode", &[0]),
    ("badbranch", &[400, 200]),
    ("insuf", &[400]),
    ("unkscm", &[416]),
    ("novelsc", &[416]),
    ("unksm2", &[400]),
    ("bext01", &[420]),
    ("invut", &[405]),
    ("regaut01", &[401]),
    ("multi01", &[400]),
    ("mcl01", &[400]),
    ("bcast", &[0]),
    ("zeromf", &[483, 200]),
    ("cparam01", &[401]),
    ("cparam02", &[401]),
    ("regescrt", &[401, 400]),
    ("sdp01", &[405]),
    ("inv2543", &[405]),
];

/// Names and bytes of all messages the folder's MANIFEST.tsv lists; None where there is no folder.
pub fn messages() -> Option<Vec<(String, Vec<u8>)>> {
    let Some(folder) = std::env::var_os("DEPESCHE_SIP_TORTURE").map(PathBuf::from) else {
        eprintln!("skipped: DEPESCHE_SIP_TORTURE names no folder with the messages of RFC 4475");
        return None;
    };
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).expect("the folder has a MANIFEST.tsv");
    let files = manifest.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next());
    let read = |file: &str| {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
        (file.trim_end_matches(".dat").to_owned(), bytes)
    };
    Some(files.map(read).collect())
}

fn allowed(name: &str) -> &'static [u16] {
    ALLOWED.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("nothing is said about {name}")).1
}

#[tokio::test]
async fn each_torture_message_gets_an_answer_the_rfc_allows_over_udp() {
    let Some(messages) = messages() else { return };
    assert_eq!(messages.len(), ALLOWED.len());
    let house = House::open(unpaced()).await;
    let mut wrong = Vec::new();

    for (name, bytes) in messages {
        let before = house.messages();
        let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;
        let heard = peer.say(&bytes, &format!("after-{name}")).await;

        let said = heard.first().map_or(0, |answer| status(answer));
        if !allowed(&name).contains(&said) || heard.len() > 1 {
            wrong.push(format!("{name}: {heard:?}, allowed {:?}", allowed(&name)));
        }
        if house.messages() != before + usize::from(name == "mpart01") {
            wrong.push(format!("{name}: it became a MESSAGE"));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_torture_message_leaves_the_endpoint_alive_over_tcp() {
    let Some(messages) = messages() else { return };
    let bounds = depesche::sip::transport::Bounds { message_within: Duration::from_millis(300), ..unpaced() };
    let house = House::open(bounds).await;

    for (name, bytes) in messages {
        let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
        peer.write_all(&bytes).await.unwrap();
        let _ = peer.shutdown().await;
        let heard = read_to_end(&mut peer, Duration::from_secs(5)).await;

        let said = heard.unwrap_or_else(|| panic!("{name}: the connection stays open"));
        let said = status(&said);
        // A stream needs Content-Length, and a body that never comes is waited for: silence or 400 besides.
        // What follows a message in a datagram is nothing; in a stream it is the next (dblreq: an INVITE).
        let allowed = [allowed(&name), &[0, 400], if name == "dblreq" { &[405] } else { &[] }].concat();
        assert!(allowed.contains(&said), "{name}: {said}");
        assert!(house.serves_over_tcp().await && house.serves_over_udp("127.0.0.1").await, "{name}");
    }

    assert!(house.messages() <= 1);
}
