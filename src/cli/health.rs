//! `healthcheck`: asks the running daemon, at its private door, whether it is well.

use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, say, settings};
use crate::clock::Clock;
use crate::config::http::Http;
use crate::config::load::Config;
use crate::net::client::{CallLimits, ClientSettings, HttpClient, Lookup};
use crate::net::network::AllowPrivate;
use crate::net::tls;
use bytes::Bytes;
use http::{Request, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A daemon that needs longer is not well.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Asks; anything but a plain yes is a failure.
pub fn healthcheck(place: &Place) -> Result<(), Failure> {
    let config = settings(place)?;
    let door = own_address(&config.http_private)?;
    let host = host_of(&config.http_private);
    let scheme = if config.http_private.tls.at(config.http_private.listen[0]) { "https" } else { "http" };
    let uri = format!("{scheme}://{host}:{}/healthz", door.port());
    let uri: Uri =
        uri.parse().map_err(|error| Failure::Sentence(format!("{uri}: {error}; mend http.private.base_url")))?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from_error)?;
    let asked = runtime.block_on(ask(&config, &host, door.ip(), uri));
    let (status, body) =
        asked.map_err(|why| Failure::Sentence(format!("nobody is well at {door}: {why}; is the daemon running?")))?;
    if status.is_success() {
        say("ok");
        return Ok(());
    }
    Err(Failure::Sentence(format!("the daemon at {door} is not well: {status} {}", body.trim())))
}

async fn ask(config: &Config, host: &str, ip: IpAddr, uri: Uri) -> Result<(http::StatusCode, String), String> {
    let self_made = self_made_certificate(config);
    let tls = tls::client(self_made.as_deref()).map_err(|error| error.to_string())?;
    let client = HttpClient::new(
        ClientSettings {
            lookup: Arc::new(ThisMachine(ip)),
            allow_private: AllowPrivate::parse([host]).map_err(|error| error.to_string())?,
            limits: CallLimits { total_max: ANSWER_WITHIN, body_bytes_max: 64 * 1024 },
            ..ClientSettings::new(tls)
        },
        Clock::system(),
    );
    let request = Request::get(uri).body(Bytes::new()).map_err(|error| error.to_string())?;
    let response = client.call(request).await.map_err(|error| error.to_string())?;
    Ok((response.status(), String::from_utf8_lossy(response.body()).into_owned()))
}

/// The certificate the house made for itself, where it shows that one.
fn self_made_certificate(config: &Config) -> Option<PathBuf> {
    let file = tls_folder(&config.paths.data_dir).join("certificate.pem");
    (config.http_private.certificate.is_none() && file.exists()).then_some(file)
}

/// Where self-made certificates lie, in the data folder.
pub fn tls_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("tls")
}

/// An address of the private door as this machine reaches it: a door on every address is also on loopback.
fn own_address(door: &Http) -> Result<SocketAddr, Failure> {
    let address = door.listen[0];
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    if address.port() == 0 {
        return Err(Failure::Sentence("http.private.listen names port 0, any free one: nobody knows which".to_owned()));
    }
    Ok(SocketAddr::new(ip, address.port()))
}

/// The name its certificate is for.
fn host_of(door: &Http) -> String {
    let base = door.base_url.as_deref().filter(|_| door.certificate.is_some());
    let host = base.and_then(|base| url::Url::parse(base).ok()?.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "localhost".to_owned())
}

/// Whatever the name of the door is: it is on this machine that we ask.
struct ThisMachine(IpAddr);

#[async_trait::async_trait]
impl Lookup for ThisMachine {
    async fn addresses(&self, _host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![self.0])
    }
}
