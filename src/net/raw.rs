//! A line for a protocol other than HTTP, under the same rules: one look-up, the address it gave, TLS at once or later.

use crate::net::client::{CallError, HttpClient, Reach};
use crate::net::dial::{Stream, Target};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection on which nothing was said yet, but perhaps TLS.
pub struct RawLine {
    client: HttpClient,
    target: Target,
    stream: Box<dyn Stream>,
}

impl HttpClient {
    /// Connects to a server of another protocol, if it may be reached. With `tls` it will be spoken, at once or later:
    /// without, only places in the house and listed ones are reached, lest a password cross the Internet in the open.
    pub async fn connect(&self, host: &str, port: u16, tls: bool, within: Duration) -> Result<RawLine, CallError> {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        if host.is_empty() {
            return Err(CallError::Refused("no host is named".into()));
        }
        let target = Target { tls, host, port };
        let deadline = self.monotonic().saturating_add(within);
        let socket = self.dialler().socket(&target, &self.at(Reach::House), deadline).await?;
        Ok(RawLine { client: self.clone(), target, stream: Box::new(socket) })
    }
}

impl RawLine {
    /// TLS from here on; the server proves who it is.
    pub async fn secured(self, within: Duration) -> Result<RawLine, CallError> {
        let RawLine { client, target, stream } = self;
        let deadline = client.monotonic().saturating_add(within);
        let stream = client.dialler().secure(client.bare_tls(), &target, stream, deadline).await?;
        Ok(RawLine { client, target, stream })
    }

    /// To read and write on.
    pub fn stream(&mut self) -> &mut (impl AsyncRead + AsyncWrite + Send + Unpin + use<>) {
        &mut self.stream
    }

    /// The line itself.
    pub fn into_stream(self) -> impl AsyncRead + AsyncWrite + Send + Unpin {
        self.stream
    }
}
