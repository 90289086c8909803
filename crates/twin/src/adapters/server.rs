//! Serves a twin over HTTP, for any client.

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::fault::Fault;
use crate::services;
use crate::twin::Twin;
use crate::weather::Broken;

impl Twin {
    /// Answers HTTP/1 requests as long as the future is polled.
    ///
    /// # Errors
    /// Fails if no more connections can be accepted.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let twin = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| answer(twin.clone(), request));
                // Errors of a single connection concern only its client.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

async fn answer(
    twin: Twin,
    request: http::Request<Incoming>,
) -> std::io::Result<http::Response<Full<bytes::Bytes>>> {
    let (parts, body) = request.into_parts();
    let response = match body.collect().await {
        Ok(body) => twin.handle_and_save(http::Request::from_parts(parts, body.to_bytes())).await,
        Err(error) => Ok(services::unavailable(&Fault::bad("IncompleteBody", error.to_string()))),
    };
    // An error closes the connection without an answer.
    match response {
        Ok(response) => Ok(response.map(Full::new)),
        Err(Broken::Reset | Broken::Hung) => Err(std::io::ErrorKind::ConnectionReset.into()),
    }
}
